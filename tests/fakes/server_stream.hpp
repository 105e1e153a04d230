#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace hookline::fakes {

/// One accepted socket: blocking for its thread, but woken when the server stops.
class ServerStream {
 public:
  ServerStream(int socket, int stop_event, SSL_CTX* tls, std::atomic<std::size_t>& received)
      : socket_(socket), stop_event_(stop_event), received_(received) {
    if (tls == nullptr) return;
    ssl_.reset(SSL_new(tls));
    SSL_set_fd(ssl_.get(), socket);
    SSL_set_accept_state(ssl_.get());
  }

  ~ServerStream() {
    if (reset_) {
      const linger at_once{1, 0};
      ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    } else if (ssl_) {
      SSL_shutdown(ssl_.get());
      ERR_clear_error();
    }
    ssl_.reset();
    ::close(socket_);
  }

  /// Appends what came; false at the end of the connection.
  bool read(std::string& buffer) {
    char bytes[16 * 1024];
    for (;;) {
      const ssize_t got = ssl_ ? ssl_read(bytes, sizeof bytes) : plain_read(bytes, sizeof bytes);
      if (got > 0) {
        buffer.append(bytes, static_cast<std::size_t>(got));
        return true;
      }
      if (got == 0 || !wait(needed_, std::chrono::milliseconds(-1))) return false;
    }
  }

  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      if (ended_) return false;
      const ssize_t put = ssl_ ? ssl_write(bytes) : plain_write(bytes);
      if (put > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(put));
      } else if (put == 0 || !wait(needed_, std::chrono::milliseconds(-1))) {
        ended_ = true;
      }
    }
    return !ended_;
  }

  /// Nothing is expected from the client, so anything readable but data is its end.
  bool pause(std::chrono::milliseconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (!ended_) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      if (left.count() <= 0) return true;
      if (!wait(POLLRDHUP, left)) ended_ = true;
    }
    return false;
  }

  void hang() { static_cast<void>(pause(std::chrono::hours(1))); }
  void close() { ended_ = true; }
  void reset() { ended_ = reset_ = true; }
  [[nodiscard]] bool ended() const { return ended_; }

  /// The common name in the client's certificate.
  [[nodiscard]] std::string client() const {
    X509* const certificate = ssl_ ? SSL_get0_peer_certificate(ssl_.get()) : nullptr;
    char name[64] = "";
    if (certificate == nullptr) return name;
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
    return name;
  }
  [[nodiscard]] bool resumed() const { return ssl_ && SSL_session_reused(ssl_.get()) == 1; }

 private:
  struct SslFreer {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  /// False if the server stops, or if the client is gone while nothing else was waited for.
  bool wait(short events, std::chrono::milliseconds time) {
    pollfd fds[] = {{socket_, events, 0}, {stop_event_, POLLIN, 0}};
    if (::poll(fds, 2, static_cast<int>(time.count())) < 0) return errno == EINTR;
    if (fds[1].revents != 0) return false;
    return events != POLLRDHUP || fds[0].revents == 0;
  }

  /// Bytes, 0 at the end, -1 when `needed_` has to be waited for.
  ssize_t plain_read(char* bytes, std::size_t size) {
    needed_ = POLLIN;
    return counted(result_of(::recv(socket_, bytes, size, MSG_DONTWAIT)));
  }
  ssize_t plain_write(std::string_view bytes) {
    needed_ = POLLOUT;
    return result_of(::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  }
  ssize_t ssl_read(char* bytes, std::size_t size) {
    return counted(ssl_result_of(SSL_read(ssl_.get(), bytes, static_cast<int>(size))));
  }
  ssize_t ssl_write(std::string_view bytes) {
    return ssl_result_of(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())));
  }

  static ssize_t result_of(ssize_t count) {
    if (count >= 0) return count;
    return errno == EAGAIN || errno == EINTR ? -1 : 0;
  }
  ssize_t ssl_result_of(int count) {
    if (count > 0) return count;
    const int error = SSL_get_error(ssl_.get(), count);
    ERR_clear_error();
    needed_ = error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -1 : 0;
  }
  ssize_t counted(ssize_t count) {
    if (count > 0) received_ += static_cast<std::size_t>(count);
    return count;
  }

  int socket_;
  int stop_event_;
  std::atomic<std::size_t>& received_;
  std::unique_ptr<SSL, SslFreer> ssl_;
  short needed_ = POLLIN;
  bool ended_ = false;
  bool reset_ = false;
};

}  // namespace hookline::fakes
