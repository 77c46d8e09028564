// Kills imports at random moments and checks that nothing is lost: the file opens, SQLite and FTS5
// find no damage, and the next import ends with the content of an undisturbed one, revision and
// all. Usage: catalog_import_kill_test KILLS VICTIM
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/importer.h"
#include "tests/catalog/adapter_files.h"
#include "tests/catalog/content_dump.h"

namespace stylus::catalog {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// 1,500 cards of which some are refused or repeated, and 12 adapter files with copies.
void write_inputs(const fs::path& folder) {
  std::ofstream cards(folder / "cards.jsonl");
  std::mt19937 random(11);
  const std::vector<std::string> words = {"harbour", "lantern", "comet", "velvet", "orchard",
                                          "marble",  "thunder", "paper", "copper", "willow"};
  const auto some_words = [&](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      text += words[random() % words.size()] + std::to_string(random() % 50) + " ";
    }
    return text;
  };
  for (int i = 1; i <= 1500; ++i) {
    nlohmann::json card = {{"id", i % 97 == 0 ? i - 1 : i},
                           {"name", some_words(4)},
                           {"base_model", {i % 3 == 0 ? "SDXL 1.0" : "SD 1.5"}},
                           {"tags", {"style", words[random() % words.size()]}},
                           {"trained_words", {some_words(1)}},
                           {"description_text", some_words(60) + "recommended weight 0.7"},
                           {"nsfw", i % 50 == 0},
                           {"example_prompts", {some_words(20), some_words(20)}}};
    cards << (i % 131 == 0 ? "{ broken" : card.dump()) << "\n";
  }
  for (int i = 0; i < 12; ++i) {
    const std::string name = "file" + std::to_string(i);
    write_lora(folder / "loras" / (name + ".safetensors"), static_cast<float>(i % 9 + 1));
    write_text(folder / "loras" / (name + ".json"),
               R"({"activation text": "word)" + std::to_string(i) + "\"}");
  }
}

std::string content_of(const fs::path& file) { return RawDatabase(file).content(); }

void import_here(const fs::path& database, const std::vector<fs::path>& inputs) {
  Catalog catalog(database, OpenMode::kReadWrite);
  (void)import_paths(catalog, inputs, {});
}

/// Starts the victim; kills it after `delay` unless that is negative. True if the kill hit.
bool run_victim(const std::string& victim, const fs::path& database,
                const std::vector<fs::path>& inputs, std::chrono::microseconds delay) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl(victim.c_str(), victim.c_str(), database.c_str(), inputs[0].c_str(), inputs[1].c_str(),
            nullptr);
    ::_exit(127);
  }
  if (delay.count() >= 0) {
    std::this_thread::sleep_for(delay);
    ::kill(child, SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status);
}

int check(int kills, const std::string& victim, const fs::path& folder) {
  write_inputs(folder);
  const std::vector<fs::path> inputs = {folder / "cards.jsonl", folder / "loras"};
  const auto begin = Clock::now();
  run_victim(victim, folder / "whole.db", inputs, std::chrono::microseconds(-1));
  const auto duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
  const std::string expected = content_of(folder / "whole.db");
  std::mt19937_64 random(7);
  int hit = 0;
  int with_content = 0;
  for (int i = 0; i < kills; ++i) {
    const fs::path home = folder / std::to_string(i);
    fs::create_directories(home);
    const fs::path database = home / "catalog.db";
    const auto delay = std::chrono::microseconds(
        random() % static_cast<std::uint64_t>(std::max<std::int64_t>(1, duration.count())));
    hit += run_victim(victim, database, inputs, delay) ? 1 : 0;
    if (fs::exists(database)) {
      Catalog catalog(database, OpenMode::kReadWrite);
      with_content += catalog.size() > 0 ? 1 : 0;
      const std::string damage = RawDatabase(database).damage();
      if (!damage.empty()) {
        std::cerr << "kill " << i << " after " << delay.count() << " us: " << damage << "\n";
        return 1;
      }
    }
    import_here(database, inputs);
    if (content_of(database) != expected) {
      std::cerr << "kill " << i << " after " << delay.count()
                << " us: the completed import differs from an undisturbed one; see " << database
                << "\n";
      return 1;
    }
    fs::remove_all(home);
  }
  std::cout << kills << " kills, " << hit << " met a running import, " << with_content
            << " left a part of it behind: no damage, and every import ended as undisturbed\n";
  return hit > 0 ? 0 : 1;
}

}  // namespace
}  // namespace stylus::catalog

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: catalog_import_kill_test KILLS VICTIM\n";
    return 2;
  }
  std::string folder = (std::filesystem::temp_directory_path() / "stylus-kill-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) {
    std::cerr << "cannot make a folder like " << folder << "\n";
    return 2;
  }
  int result = 1;
  try {
    result = stylus::catalog::check(std::atoi(argv[1]), argv[2], folder);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
  }
  if (result == 0) {
    std::filesystem::remove_all(folder);
  }
  return result;
}
