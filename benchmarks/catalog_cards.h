#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

namespace stylus {

/// A folder for one benchmark, removed at its end.
class BenchFolder {
 public:
  BenchFolder() {
    path_ = (std::filesystem::temp_directory_path() / "stylus-bench-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) {
      path_.clear();
    }
  }
  BenchFolder(const BenchFolder&) = delete;
  BenchFolder& operator=(const BenchFolder&) = delete;
  ~BenchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return std::filesystem::path(path_) / name;
  }

 private:
  std::string path_;
};

/// Cards for benchmarks: the real ones of STYLUS_BENCH_CARDS (a card list), drawn again with new
/// ids, or synthetic ones of about the same size when that is not set. Seeded, so that two runs
/// import the same bytes. Every hundredth card is of base "SD 2.1", a tenth of them "SDXL 1.0".
/// Returns which card of the list each one is (all 0 for synthetic ones).
inline std::vector<std::uint32_t> write_cards(const std::filesystem::path& file,
                                              std::int64_t count) {
  std::mt19937 random(3);
  std::vector<nlohmann::json> cards;
  if (const char* list = std::getenv("STYLUS_BENCH_CARDS")) {
    std::ifstream stream(list);
    for (std::string line; std::getline(stream, line);) {
      cards.push_back(nlohmann::json::parse(line));
    }
  }
  std::vector<std::uint32_t> drawn;
  std::ofstream out(file);
  const auto word = [&random] { return "word" + std::to_string(random() % 20000) + " "; };
  for (std::int64_t i = 1; i <= count; ++i) {
    nlohmann::json card;
    std::size_t from = 0;
    if (cards.empty()) {
      std::string text;
      for (int k = 0; k < 120; ++k) {
        text += word();
      }
      card = {{"name", word() + word()},
              {"tags", {word(), word(), "style"}},
              {"trained_words", {word()}},
              {"description_text", text},
              {"nsfw", false}};
    } else {
      from = random() % cards.size();
      card = cards[from];
      card["name"] = card["name"].get<std::string>() + " " + std::to_string(i);
    }
    card["id"] = i;
    card["base_model"] = {i % 100 == 0 ? "SD 2.1" : i % 10 == 0 ? "SDXL 1.0" : "SD 1.5"};
    out << card.dump() << "\n";
    drawn.push_back(static_cast<std::uint32_t>(from));
  }
  return drawn;
}

}  // namespace stylus
