#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace hookline::detail {

/// A set whose copies share what they have in common: copying one costs nothing, and changing a
/// copy costs one path from the root to a leaf, however large it is. That is how a writer prepares
/// the next state of a registry while readers work on the present one.
///
/// Entries are sorted by a rank that they are put in with, and among equal ranks by `Order`. With a
/// hash as the rank this is a hash map whose look-ups touch one line of memory in each node, and in
/// which a stranger who makes hashes collide gains nothing: those are sorted too. With one rank for
/// all it is an ordinary ordered set.
///
/// It is a B+ tree with path copying. A node that nobody else holds is changed in place, so a set
/// that is built up from nothing copies nothing.
///
/// `Order` says what follows after the rank, and must not throw:
///   using Key = …;                                  // cheap to copy
///   static Key key(const Entry&);
///   static int compare(const Entry&, const Key&);   // as strcmp
///
/// REQUIRES: `Entry` can be made from nothing. One thread at a time changes a set, and while it
/// does so the set that it was copied from stays alive: then a node with one owner is the writer's
/// own. Any number of threads may read sets that nobody changes.
template <class Entry, class Order>
class PersistentSet {
 public:
  using Rank = std::uint64_t;
  using Key = typename Order::Key;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  /// The entry with this rank and key, or null.
  [[nodiscard]] const Entry* find(Rank rank, const Key& key) const;

  /// Calls `visit(rank, entry)` with every entry from this one on, in order, until it answers
  /// false.
  template <class Visit>
  void visit_from(Rank rank, const Key& key, Visit&& visit) const {
    const Position from{rank, key};
    if (root_) walk(*root_, height_, &from, visit);
  }

  /// Adds the entry, or replaces the one with the same rank and key.
  void put(Rank rank, Entry entry);

  /// Whether there was one.
  bool erase(Rank rank, const Key& key);

 private:
  // 32 entries: few enough that copying a path is cheap, enough for a million in four levels.
  static constexpr std::size_t kCapacity = 32;
  static constexpr std::size_t kMinimum = kCapacity / 4;

  struct Position {
    Rank rank;
    Key key;
  };
  struct Node {
    std::size_t count = 0;
    std::array<Rank, kCapacity> ranks{};     // apart from the entries: this is what is searched
    std::array<Entry, kCapacity> entries{};  // in an inner node: the first entry below each child
  };
  using NodePtr = std::shared_ptr<Node>;
  struct Inner : Node {
    std::array<NodePtr, kCapacity> children{};
  };

  template <class Visit>
  static bool walk(const Node& node, std::size_t height, const Position* from, Visit& visit);

  NodePtr put_below(NodePtr& place, std::size_t height, Rank rank, Entry& entry);
  static NodePtr put_at(Node& node, std::size_t height, std::size_t slot, Rank rank, Entry entry,
                        NodePtr child);
  static void erase_below(NodePtr& place, std::size_t height, const Position& position);
  static void fill_up(Inner& parent, std::size_t height, std::size_t slot);
  static void share_evenly(Node& left, Node& right, std::size_t height);

  static std::size_t lower_bound(const Node& node, const Position& position);
  static std::size_t child_slot(const Node& node, const Position& position);
  template <class Precedes>
  static std::size_t partition(const Node& node, Rank rank, Precedes&& precedes);
  static Node& own(NodePtr& node, std::size_t height);
  static NodePtr make_node(std::size_t height);
  static void refresh_first(Inner& parent, std::size_t slot);
  static void open_slot(Node& node, std::size_t height, std::size_t slot);
  static void close_slot(Node& node, std::size_t height, std::size_t slot);
  static void move_slots(Node& from, std::size_t first, Node& to, std::size_t height);
  static Inner& inner(Node& node) { return static_cast<Inner&>(node); }
  static const Inner& inner(const Node& node) { return static_cast<const Inner&>(node); }

  NodePtr root_;
  std::size_t height_ = 0;  // of the root; leaves have none
  std::size_t size_ = 0;
};

template <class Entry, class Order>
const Entry* PersistentSet<Entry, Order>::find(Rank rank, const Key& key) const {
  if (!root_) return nullptr;
  const Position position{rank, key};
  const Node* node = root_.get();
  for (std::size_t height = height_; height > 0; --height) {
    node = inner(*node).children[child_slot(*node, position)].get();
  }
  const std::size_t slot = lower_bound(*node, position);
  if (slot == node->count || node->ranks[slot] != rank) return nullptr;
  return Order::compare(node->entries[slot], key) == 0 ? &node->entries[slot] : nullptr;
}

template <class Entry, class Order>
template <class Visit>
bool PersistentSet<Entry, Order>::walk(const Node& node, std::size_t height, const Position* from,
                                       Visit& visit) {
  if (height == 0) {
    for (std::size_t i = from ? lower_bound(node, *from) : 0; i < node.count; ++i) {
      if (!visit(node.ranks[i], node.entries[i])) return false;
    }
    return true;
  }
  for (std::size_t i = from ? child_slot(node, *from) : 0; i < node.count; ++i) {
    if (!walk(*inner(node).children[i], height - 1, from, visit)) return false;
    from = nullptr;
  }
  return true;
}

template <class Entry, class Order>
void PersistentSet<Entry, Order>::put(Rank rank, Entry entry) {
  if (!root_) root_ = make_node(0);
  NodePtr right = put_below(root_, height_, rank, entry);
  if (!right) return;
  NodePtr root = make_node(++height_);
  root->count = 2;
  inner(*root).children[0] = std::move(root_);
  inner(*root).children[1] = std::move(right);
  refresh_first(inner(*root), 0);
  refresh_first(inner(*root), 1);
  root_ = std::move(root);
}

/// Gives the new right neighbour of the node if it had to be split.
template <class Entry, class Order>
auto PersistentSet<Entry, Order>::put_below(NodePtr& place, std::size_t height, Rank rank,
                                            Entry& entry) -> NodePtr {
  Node& node = own(place, height);
  const Position position{rank, Order::key(entry)};
  if (height > 0) {
    const std::size_t slot = child_slot(node, position);
    NodePtr right = put_below(inner(node).children[slot], height - 1, rank, entry);
    refresh_first(inner(node), slot);
    if (!right) return nullptr;
    const Node& split = *right;
    return put_at(node, height, slot + 1, split.ranks[0], split.entries[0], std::move(right));
  }
  const std::size_t slot = lower_bound(node, position);
  if (slot < node.count && node.ranks[slot] == rank &&
      Order::compare(node.entries[slot], position.key) == 0) {
    node.entries[slot] = std::move(entry);
    return nullptr;
  }
  ++size_;
  return put_at(node, height, slot, rank, std::move(entry), nullptr);
}

template <class Entry, class Order>
auto PersistentSet<Entry, Order>::put_at(Node& node, std::size_t height, std::size_t slot,
                                         Rank rank, Entry entry, NodePtr child) -> NodePtr {
  NodePtr right;
  Node* target = &node;
  if (node.count == kCapacity) {
    right = make_node(height);
    // Entries that come in order leave full nodes behind instead of half-empty ones.
    const std::size_t middle = slot == kCapacity ? kCapacity : kCapacity / 2;
    move_slots(node, middle, *right, height);
    if (slot > middle || middle == kCapacity) {
      target = right.get();
      slot -= middle;
    }
  }
  open_slot(*target, height, slot);
  target->ranks[slot] = rank;
  target->entries[slot] = std::move(entry);
  if (height > 0) inner(*target).children[slot] = std::move(child);
  return right;
}

template <class Entry, class Order>
bool PersistentSet<Entry, Order>::erase(Rank rank, const Key& key) {
  if (!find(rank, key)) return false;
  erase_below(root_, height_, Position{rank, key});
  --size_;
  while (height_ > 0 && root_->count == 1) {
    NodePtr child = inner(*root_).children[0];
    root_ = std::move(child);
    --height_;
  }
  if (size_ == 0) *this = PersistentSet();
  return true;
}

template <class Entry, class Order>
void PersistentSet<Entry, Order>::erase_below(NodePtr& place, std::size_t height,
                                              const Position& position) {
  Node& node = own(place, height);
  if (height == 0) return close_slot(node, height, lower_bound(node, position));

  const std::size_t slot = child_slot(node, position);
  NodePtr& child = inner(node).children[slot];
  erase_below(child, height - 1, position);
  if (child->count < kMinimum) {
    fill_up(inner(node), height, slot);
  } else {
    refresh_first(inner(node), slot);
  }
}

/// A child has become too small: it and a neighbour become one node, or share evenly.
template <class Entry, class Order>
void PersistentSet<Entry, Order>::fill_up(Inner& parent, std::size_t height, std::size_t slot) {
  if (parent.count == 1) {
    if (parent.children[0]->count == 0) return close_slot(parent, height, 0);
    return refresh_first(parent, 0);
  }
  const std::size_t at = slot == 0 ? 0 : slot - 1;
  Node& left = own(parent.children[at], height - 1);
  Node& right = own(parent.children[at + 1], height - 1);
  if (left.count + right.count <= kCapacity) {
    move_slots(right, 0, left, height - 1);
    close_slot(parent, height, at + 1);
  } else {
    share_evenly(left, right, height - 1);
    refresh_first(parent, at + 1);
  }
  refresh_first(parent, at);
}

template <class Entry, class Order>
void PersistentSet<Entry, Order>::share_evenly(Node& left, Node& right, std::size_t height) {
  const std::size_t half = (left.count + right.count) / 2;
  const NodePtr spare = make_node(height);
  if (left.count > half) {
    move_slots(left, half, *spare, height);
    move_slots(right, 0, *spare, height);
  } else {
    move_slots(right, half - left.count, *spare, height);
    move_slots(right, 0, left, height);
  }
  move_slots(*spare, 0, right, height);
}

/// The first slot whose entry is not before the position.
template <class Entry, class Order>
std::size_t PersistentSet<Entry, Order>::lower_bound(const Node& node, const Position& position) {
  return partition(node, position.rank,
                   [&](const Entry& entry) { return Order::compare(entry, position.key) < 0; });
}

/// The child that holds the position if any does: the last one that does not begin after it.
template <class Entry, class Order>
std::size_t PersistentSet<Entry, Order>::child_slot(const Node& node, const Position& position) {
  const std::size_t after = partition(node, position.rank, [&](const Entry& entry) {
    return Order::compare(entry, position.key) <= 0;
  });
  return after == 0 ? 0 : after - 1;
}

/// How many entries have a lower rank, or the same one and `precedes`. Entries are looked at only
/// where ranks are equal.
template <class Entry, class Order>
template <class Precedes>
std::size_t PersistentSet<Entry, Order>::partition(const Node& node, Rank rank,
                                                   Precedes&& precedes) {
  const auto begin = node.ranks.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(node.count);
  const auto low = std::lower_bound(begin, end, rank);
  if (low == end || *low != rank) return static_cast<std::size_t>(low - begin);
  const auto high = std::upper_bound(low, end, rank);
  const auto entries = node.entries.begin();
  const auto found =
      std::partition_point(entries + (low - begin), entries + (high - begin), precedes);
  return static_cast<std::size_t>(found - entries);
}

template <class Entry, class Order>
auto PersistentSet<Entry, Order>::own(NodePtr& node, std::size_t height) -> Node& {
  if (node.use_count() != 1) {
    node =
        height > 0 ? NodePtr(std::make_shared<Inner>(inner(*node))) : std::make_shared<Node>(*node);
  }
  return *node;
}

template <class Entry, class Order>
auto PersistentSet<Entry, Order>::make_node(std::size_t height) -> NodePtr {
  return height > 0 ? NodePtr(std::make_shared<Inner>()) : std::make_shared<Node>();
}

template <class Entry, class Order>
void PersistentSet<Entry, Order>::refresh_first(Inner& parent, std::size_t slot) {
  const Node& child = *parent.children[slot];
  parent.ranks[slot] = child.ranks[0];
  parent.entries[slot] = child.entries[0];
}

template <class Entry, class Order>
void PersistentSet<Entry, Order>::open_slot(Node& node, std::size_t height, std::size_t slot) {
  const auto open = [&](auto& slots) {
    const auto last = slots.begin() + static_cast<std::ptrdiff_t>(node.count);
    std::move_backward(slots.begin() + static_cast<std::ptrdiff_t>(slot), last, last + 1);
  };
  open(node.ranks);
  open(node.entries);
  if (height > 0) open(inner(node).children);
  ++node.count;
}

/// Takes a slot out and leaves nothing of it behind: what was erased is freed, not kept in a
/// corner.
template <class Entry, class Order>
void PersistentSet<Entry, Order>::close_slot(Node& node, std::size_t height, std::size_t slot) {
  const auto close = [&](auto& slots) {
    const auto last = slots.begin() + static_cast<std::ptrdiff_t>(node.count);
    const auto gap = slots.begin() + static_cast<std::ptrdiff_t>(slot);
    *std::move(gap + 1, last, gap) = {};
  };
  close(node.ranks);
  close(node.entries);
  if (height > 0) close(inner(node).children);
  --node.count;
}

/// Moves the slots from `first` on to the end of another node.
template <class Entry, class Order>
void PersistentSet<Entry, Order>::move_slots(Node& from, std::size_t first, Node& to,
                                             std::size_t height) {
  for (std::size_t i = first; i < from.count; ++i, ++to.count) {
    to.ranks[to.count] = from.ranks[i];
    to.entries[to.count] = std::exchange(from.entries[i], Entry());
    if (height > 0) inner(to).children[to.count] = std::exchange(inner(from).children[i], nullptr);
  }
  from.count = std::min(from.count, first);
}

}  // namespace hookline::detail
