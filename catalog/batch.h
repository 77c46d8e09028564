#pragma once

#include <memory>

#include "catalog/database.h"

namespace stylus::catalog {

/// Groups stored items into transactions of a few hundred: one disk flush for all of them, and a
/// kill loses at most one group. A dry run is one transaction that is never committed.
class Batch {
 public:
  Batch(Database& database, bool dry_run) : database_(database), dry_run_(dry_run) {}

  /// Call before each item that may write.
  void open() {
    if (transaction_ == nullptr) {
      transaction_ = std::make_unique<Transaction>(database_);
    }
  }
  /// Call after each item; stores the group when it is full.
  void close_item() {
    if (++items_ >= kItems) {
      commit();
    }
  }
  void commit() {
    items_ = 0;
    if (transaction_ != nullptr && !dry_run_) {
      transaction_->commit();
      transaction_.reset();
    }
  }

 private:
  static constexpr int kItems = 400;
  Database& database_;
  bool dry_run_;
  int items_ = 0;
  std::unique_ptr<Transaction> transaction_;
};

}  // namespace stylus::catalog
