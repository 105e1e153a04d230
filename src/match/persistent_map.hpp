#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace hookline::detail {

/// A map from 64-bit hashes to values whose copies share what they have in common: copying one
/// costs nothing, and changing a copy costs one path from the root, however large it is.
///
/// It is a hash trie: each node takes five bits of the hash, holds an entry or a node below for
/// each of their 32 values, and has room for those only that are there. A node is one piece of
/// memory, so that a look-up touches few lines of it. A node that nobody else holds gives its
/// content away instead of copying it, so building a map up from nothing copies no value.
///
/// It knows hashes, not what was hashed: two keys with one hash are the caller's to tell apart. The
/// depth is at most 11, whatever the hashes are.
///
/// REQUIRES: `Value` can be made from nothing. One thread at a time changes a map, and while it
/// does so the map that it was copied from stays alive: then a node with one owner is the writer's
/// own. Any number of threads may read maps that nobody changes.
template <class Value>
class PersistentMap {
 public:
  using Hash = std::uint64_t;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  /// The value with this hash, or null.
  [[nodiscard]] const Value* find(Hash hash) const {
    const Node* node = root_.get();
    for (unsigned shift = 0; node; shift += kBits) {
      const Bits bit = bit_of(hash, shift);
      if ((node->entry_bits & bit) != 0) {
        const Entry& entry = node->entry(bit);
        return entry.hash == hash ? &entry.value : nullptr;
      }
      if ((node->child_bits & bit) == 0) return nullptr;
      node = node->child(bit).get();
    }
    return nullptr;
  }

  /// Adds the value, or replaces the one with the same hash.
  void put(Hash hash, Value value) {
    if (!root_) root_ = Node::make(0, 0);
    put_below(root_, 0, hash, value);
  }

  /// Whether there was one.
  bool erase(Hash hash) {
    if (!find(hash)) return false;
    erase_below(root_, 0, hash);
    --size_;
    return true;
  }

 private:
  using Bits = std::uint64_t;
  static constexpr unsigned kBits = 6;

  struct Entry {
    Hash hash = 0;
    Value value{};
  };
  struct Node;

  /// Shares a node. Not a `shared_ptr`, whose two words would double the size of inner nodes.
  class NodePtr {
   public:
    NodePtr() = default;
    explicit NodePtr(Node* node) : node_(node) {}
    NodePtr(const NodePtr& other) : node_(other.node_) {
      if (node_) node_->owners.fetch_add(1, std::memory_order_relaxed);
    }
    NodePtr(NodePtr&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    NodePtr& operator=(NodePtr other) noexcept {
      std::swap(node_, other.node_);
      return *this;
    }
    ~NodePtr() {
      if (node_ && node_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) Node::free(node_);
    }

    [[nodiscard]] Node* get() const { return node_; }
    Node& operator*() const { return *node_; }
    Node* operator->() const { return node_; }
    explicit operator bool() const { return node_ != nullptr; }
    [[nodiscard]] bool is_unique() const {
      return node_->owners.load(std::memory_order_acquire) == 1;
    }

   private:
    Node* node_ = nullptr;
  };

  /// The head of a node; its entries and then its children follow it in memory, each in the order
  /// of their bits.
  struct alignas(Entry) alignas(NodePtr) Node {
    std::atomic<std::uint32_t> owners{1};
    Bits entry_bits;
    Bits child_bits;

    Node(Bits entries_there, Bits children_there)
        : entry_bits(entries_there), child_bits(children_there) {}

    static NodePtr make(Bits entry_bits, Bits child_bits) {
      const std::size_t bytes =
          sizeof(Node) + count(entry_bits) * sizeof(Entry) + count(child_bits) * sizeof(NodePtr);
      Node* node = new (::operator new(bytes)) Node(entry_bits, child_bits);
      std::uninitialized_value_construct_n(node->entries(), count(entry_bits));
      std::uninitialized_value_construct_n(node->children(), count(child_bits));
      return NodePtr(node);
    }
    static void free(Node* node) {
      std::destroy_n(node->entries(), count(node->entry_bits));
      std::destroy_n(node->children(), count(node->child_bits));
      node->~Node();
      ::operator delete(node);
    }

    Entry* entries() { return reinterpret_cast<Entry*>(this + 1); }
    NodePtr* children() { return reinterpret_cast<NodePtr*>(entries() + count(entry_bits)); }
    Entry& entry(Bits bit) { return entries()[count(entry_bits & (bit - 1))]; }
    NodePtr& child(Bits bit) { return children()[count(child_bits & (bit - 1))]; }
    const Entry& entry(Bits bit) const { return const_cast<Node*>(this)->entry(bit); }
    const NodePtr& child(Bits bit) const { return const_cast<Node*>(this)->child(bit); }
  };

  void put_below(NodePtr& node, unsigned shift, Hash hash, Value& value) {
    const Bits bit = bit_of(hash, shift);
    if ((node->child_bits & bit) != 0) {
      own(node);
      return put_below(node->child(bit), shift + kBits, hash, value);
    }
    if ((node->entry_bits & bit) == 0) {
      ++size_;
      node = reshaped(node, node->entry_bits | bit, node->child_bits);
    } else if (node->entry(bit).hash == hash) {
      own(node);
    } else {
      push_down(node, shift, bit);
      return put_below(node, shift, hash, value);
    }
    node->entry(bit) = Entry{hash, std::move(value)};
  }

  /// A child that is left with one entry gives it up to its parent.
  static void erase_below(NodePtr& node, unsigned shift, Hash hash) {
    const Bits bit = bit_of(hash, shift);
    if ((node->entry_bits & bit) != 0) {
      node = reshaped(node, node->entry_bits & ~bit, node->child_bits);
      return;
    }
    own(node);
    erase_below(node->child(bit), shift + kBits, hash);
    const NodePtr child = node->child(bit);
    if (child->child_bits != 0 || count(child->entry_bits) != 1) return;
    node = reshaped(node, node->entry_bits | bit, node->child_bits & ~bit);
    node->entry(bit) = *child->entries();
  }

  /// Makes room for another entry with the same bits: the one that is there goes a level down.
  static void push_down(NodePtr& node, unsigned shift, Bits bit) {
    Entry entry = node->entry(bit);
    NodePtr child = Node::make(bit_of(entry.hash, shift + kBits), 0);
    *child->entries() = std::move(entry);
    node = reshaped(node, node->entry_bits & ~bit, node->child_bits | bit);
    node->child(bit) = std::move(child);
  }

  /// A node with these slots. What stood in them before stands in them again; new ones are empty.
  static NodePtr reshaped(NodePtr& node, Bits entry_bits, Bits child_bits) {
    NodePtr made = Node::make(entry_bits, child_bits);
    const bool is_mine = node.is_unique();
    for_each_bit(node->entry_bits & entry_bits, [&](Bits bit) {
      Entry& from = node->entry(bit);
      if (is_mine)
        made->entry(bit) = std::move(from);
      else
        made->entry(bit) = from;
    });
    for_each_bit(node->child_bits & child_bits, [&](Bits bit) {
      NodePtr& from = node->child(bit);
      made->child(bit) = is_mine ? std::move(from) : NodePtr(from);
    });
    return made;
  }

  static void own(NodePtr& node) {
    if (!node.is_unique()) node = reshaped(node, node->entry_bits, node->child_bits);
  }

  /// The six bits of a hash that a level goes by, as one bit of 64.
  static Bits bit_of(Hash hash, unsigned shift) { return Bits{1} << (hash >> shift & 63); }

  /// How many bits are set: sums of two bits, of four, of eight, and of all bytes at the top. The
  /// compiler's own is a call unless it may use newer instructions.
  static std::size_t count(Bits bits) {
    bits -= bits >> 1 & 0x5555555555555555;
    bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
    bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return bits * 0x0101010101010101 >> 56;
  }

  template <class Visit>
  static void for_each_bit(Bits bits, Visit&& visit) {
    for (; bits != 0; bits &= bits - 1) visit(bits & (~bits + 1));
  }

  NodePtr root_;
  std::size_t size_ = 0;
};

}  // namespace hookline::detail
