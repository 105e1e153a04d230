#pragma once

#include <string>
#include <string_view>

namespace examples {

/// A line on stderr that is overwritten as things move on; nothing unless stderr is a terminal.
/// Not for several threads at once.
class Progress {
 public:
  Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  void show(std::string_view text);
  /// A bar, of which so much is filled: 0 to 1.
  void show_bar(double done, std::string_view text);
  /// Takes the line off the screen, so that something else can be written there.
  void clear();

 private:
  bool on_terminal_;
  bool shown_ = false;
};

}  // namespace examples
