#include "crash/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

extern char** environ;

namespace hookline::crash {

Reports::Reports() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
  read_end_ = ends[0];
  write_end_ = ends[1];
  reader_ = std::thread([this] { read_all(); });
}

Reports::~Reports() {
  if (write_end_ >= 0) close(write_end_);
  if (reader_.joinable()) reader_.join();
  close(read_end_);
}

std::vector<std::string> Reports::all() {
  close(write_end_);
  write_end_ = -1;
  reader_.join();
  std::vector<std::string> lines;
  std::istringstream text(text_);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

void Reports::read_all() {
  char buffer[65'536];
  ssize_t size;
  while ((size = read(read_end_, buffer, sizeof(buffer))) > 0) {
    text_.append(buffer, static_cast<std::size_t>(size));
  }
}

Child::Child(const std::vector<std::string>& command, const Reports& reports) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, reports.end(), STDOUT_FILENO);
  if (posix_spawn(&pid_, words[0], &actions, nullptr, words.data(), environ) != 0) std::abort();
  posix_spawn_file_actions_destroy(&actions);
}

Child::~Child() {
  if (pid_ < 0) return;
  kill();
  wait();
}

void Child::kill() { ::kill(pid_, SIGKILL); }

int Child::wait(std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) kill();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace hookline::crash
