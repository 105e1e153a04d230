#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace hookline::detail {

/// Functions that want to hear of something. They are called with no lock held, so they may call
/// anything, and several threads may be inside one of them at the same time.
template <class... Args>
class Listeners {
 public:
  using Function = std::function<void(Args...)>;

  /// Whoever drops the handle waits for the calls under way. It may outlive this list.
  [[nodiscard]] std::shared_ptr<void> add(Function changed);

  void notify(Args... args) const;

 private:
  class Listener {
   public:
    explicit Listener(Function changed) : changed_(std::move(changed)) {}

    void call(Args... args);
    /// After this no call begins, and none is under way.
    void end();

   private:
    class Call;

    const Function changed_;
    std::mutex mutex_;
    std::condition_variable idle_;
    int calls_ = 0;
    bool ended_ = false;
  };

  struct List {
    std::mutex mutex;
    std::vector<std::shared_ptr<Listener>> listeners;
  };

  std::shared_ptr<List> list_ = std::make_shared<List>();
};

/// One call under way. A destructor, because what is called is the host's.
template <class... Args>
class Listeners<Args...>::Listener::Call {
 public:
  explicit Call(Listener& listener) : listener_(listener) {
    const std::lock_guard<std::mutex> lock(listener_.mutex_);
    allowed_ = !listener_.ended_;
    if (allowed_) ++listener_.calls_;
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    if (!allowed_) return;
    const std::lock_guard<std::mutex> lock(listener_.mutex_);
    if (--listener_.calls_ == 0) listener_.idle_.notify_all();
  }

  [[nodiscard]] bool allowed() const { return allowed_; }

 private:
  Listener& listener_;
  bool allowed_ = false;
};

template <class... Args>
std::shared_ptr<void> Listeners<Args...>::add(Function changed) {
  auto listener = std::make_shared<Listener>(std::move(changed));
  {
    const std::lock_guard<std::mutex> lock(list_->mutex);
    list_->listeners.push_back(listener);
  }
  const auto end = [list = list_](Listener* ended) {
    {
      const std::lock_guard<std::mutex> lock(list->mutex);
      auto& all = list->listeners;
      all.erase(std::remove_if(all.begin(), all.end(),
                               [&](const auto& each) { return each.get() == ended; }),
                all.end());
    }
    ended->end();
  };
  Listener* raw = listener.get();
  return std::shared_ptr<void>(
      raw, [listener = std::move(listener), end](void*) { end(listener.get()); });
}

template <class... Args>
void Listeners<Args...>::notify(Args... args) const {
  std::vector<std::shared_ptr<Listener>> listeners;
  {
    const std::lock_guard<std::mutex> lock(list_->mutex);
    listeners = list_->listeners;
  }
  for (const auto& listener : listeners) listener->call(args...);
}

template <class... Args>
void Listeners<Args...>::Listener::call(Args... args) {
  const Call call(*this);
  if (call.allowed()) changed_(args...);
}

template <class... Args>
void Listeners<Args...>::Listener::end() {
  std::unique_lock<std::mutex> lock(mutex_);
  ended_ = true;
  idle_.wait(lock, [&] { return calls_ == 0; });
}

}  // namespace hookline::detail
