#include <fstream>
#include <istream>
#include <unordered_map>

#include "catalog/card_line.h"
#include "catalog/import_job.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

/// Reads lines of at most kMaxCardBytes; of a longer one only its beginning is kept.
class LineReader {
 public:
  explicit LineReader(std::istream& stream) : stream_(stream) {}

  /// False at the end of the stream.
  bool next() {
    line_.clear();
    too_long_ = false;
    ++number_;
    bool any = false;
    while (true) {
      if (at_ == size_) {
        stream_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
        size_ = static_cast<std::size_t>(stream_.gcount());
        at_ = 0;
        if (size_ == 0) {
          return any;
        }
      }
      any = true;
      const std::string_view rest(buffer_.data() + at_, size_ - at_);
      const std::size_t end = rest.find('\n');
      append(rest.substr(0, end));
      at_ += end == rest.npos ? rest.size() : end + 1;
      if (end != rest.npos) {
        return true;
      }
    }
  }
  [[nodiscard]] const std::string& line() const { return line_; }
  [[nodiscard]] std::int64_t number() const { return number_; }
  [[nodiscard]] bool too_long() const { return too_long_; }

 private:
  void append(std::string_view piece) {
    too_long_ = too_long_ || line_.size() + piece.size() > kMaxCardBytes;
    if (!too_long_) {
      line_ += piece;
    }
  }

  std::istream& stream_;
  std::string line_;
  std::string buffer_ = std::string(std::size_t{1} << 20U, '\0');
  std::size_t at_ = 0;
  std::size_t size_ = 0;
  std::int64_t number_ = 0;
  bool too_long_ = false;
};

class CardListImport {
 public:
  CardListImport(ImportJob& job, const std::filesystem::path& file)
      : job_(job), name_(file.filename().string()) {}

  void take(std::string_view line, std::int64_t number) {
    const std::string digest =
        digest_of(std::string(keeps_prompts() ? "cards+" : "cards-").append(line));
    if (const auto known = job_.database.number("SELECT row FROM source WHERE digest = ?1",
                                                std::as_bytes(std::span(digest)))) {
      if (is_first(*known, number)) {
        job_.count(Stored::kUnchanged);
      }
      return;
    }
    SourceUpdate update;
    try {
      update.card =
          read_card_line(line, keeps_prompts() ? ExamplePrompts::kKeep : ExamplePrompts::kDrop);
    } catch (const Error& error) {
      refuse(number, error.what());
      return;
    }
    update.key = source_key(SourceKind::kCards, update.card.id);
    update.digest = digest;
    std::optional<AdapterRow> row = row_of_card(update.card);
    if (row && !is_first(*row, number)) {
      return;
    }
    AdapterChange change;
    change.id = update.card.id;
    change.updates.push_back(std::move(update));
    job_.batch.open();
    job_.count(store_change(job_.database, row, change));
    first_line_.emplace(*row, number);
  }

  void refuse(std::int64_t number, const std::string& reason) {
    job_.refuse(name_ + ":" + std::to_string(number), reason);
  }

 private:
  [[nodiscard]] bool keeps_prompts() const { return job_.options.example_prompts; }

  /// A card is the adapter that it described before, else the one of its id, else the installed
  /// file that it lists by hash.
  [[nodiscard]] std::optional<AdapterRow> row_of_card(const Card& card) {
    std::optional<AdapterRow> row = job_.database.number("SELECT row FROM source WHERE key = ?1",
                                                         source_key(SourceKind::kCards, card.id));
    if (!row) {
      row = row_of_id(job_.database, card.id);
    }
    for (std::size_t i = 0; !row && i < card.hashes.size(); ++i) {
      row = job_.database.number(
          "SELECT min(row) FROM adapter WHERE sha256 = ?1 AND sha256 <> '' AND id LIKE 'sha256:%' "
          "AND NOT EXISTS (SELECT 1 FROM source s WHERE s.row = adapter.row "
          "AND s.key LIKE 'cards:%')",
          card.hashes[i]);
    }
    return row;
  }

  /// False, and refused, when an earlier line of this list is the same adapter.
  bool is_first(AdapterRow row, std::int64_t number) {
    const auto [found, fresh] = first_line_.emplace(row, number);
    if (!fresh) {
      refuse(number, "the same adapter is on line " + std::to_string(found->second));
    }
    return fresh;
  }

  ImportJob& job_;
  std::string name_;
  std::unordered_map<AdapterRow, std::int64_t> first_line_;
};

std::string_view without_byte_order_mark(std::string_view line) {
  return line.substr(0, 3) == "\xEF\xBB\xBF" ? line.substr(3) : line;
}

}  // namespace

void import_card_list(ImportJob& job, const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  require(stream.is_open(), ErrorCode::kIo, "cannot read '", file.string(), "'");
  CardListImport list(job, file);
  LineReader reader(stream);
  while (reader.next()) {
    const std::string_view line = trim(without_byte_order_mark(reader.line()));
    if (line.empty() && !reader.too_long()) {
      continue;
    }
    ++job.report.seen;
    if (reader.too_long()) {
      list.refuse(reader.number(),
                  "the line is longer than " + std::to_string(kMaxCardBytes >> 20U) + " MB");
    } else {
      list.take(line, reader.number());
    }
    job.batch.close_item();
    job.tell("reading cards");
  }
  require(!stream.bad(), ErrorCode::kIo, "reading '", file.string(), "' failed half way");
}

}  // namespace stylus::catalog
