// stylus completion: what a shell offers after "stylus …".
#include <iostream>
#include <memory>
#include <sstream>
#include <vector>

#include "app/commands/verbs.h"
#include "app/status_map.h"
#include "app/verb.h"

namespace stylus::app {
namespace {

/// All words that may follow `app`: its verbs, its options and those of its parents.
std::vector<std::string> words_after(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* verb : app.get_subcommands(nullptr)) {
    words.push_back(verb->get_name());
  }
  for (const CLI::App* level = &app; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        words.push_back("--" + name);
      }
    }
  }
  return words;
}

/// One shell case branch per verb: "plan) words=…;;".
void write_branches(const CLI::App& app, const std::string& path, std::ostream& out) {
  out << "    '" << path << "') words='";
  for (const std::string& word : words_after(app)) {
    out << word << ' ';
  }
  out << "';;\n";
  for (const CLI::App* verb : app.get_subcommands(nullptr)) {
    write_branches(*verb, path + "/" + verb->get_name(), out);
  }
}

void write_bash(const CLI::App& app, std::ostream& out) {
  out << "_stylus() {\n"
         "  local path='' words='' word i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    word=\"${COMP_WORDS[i]}\"\n"
         "    case \"$path/$word\" in\n"
         "      /catalog|/catalog/*)\n"
         "        case \"$word\" in [a-z]*) [[ \"$path\" == /catalog/* ]] || "
         "path=\"$path/$word\";; esac;;\n"
         "      /[a-z]*) [[ -z \"$path\" ]] && path=\"/$word\";;\n"
         "    esac\n"
         "  done\n"
         "  case \"$path\" in\n";
  write_branches(app, "", out);
  out << "  esac\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "  [[ ${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- \"$current\"))\n"
         "}\n"
         "complete -o filenames -F _stylus stylus\n";
}

void write_fish(const CLI::App& app, std::ostream& out) {
  for (const CLI::App* verb : app.get_subcommands(nullptr)) {
    out << "complete -c stylus -n __fish_use_subcommand -a " << verb->get_name() << " -d '"
        << verb->get_description() << "'\n";
    for (const CLI::App* inner : verb->get_subcommands(nullptr)) {
      out << "complete -c stylus -n '__fish_seen_subcommand_from " << verb->get_name() << "' -a "
          << inner->get_name() << " -d '" << inner->get_description() << "'\n";
    }
    for (const CLI::Option* option : verb->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        out << "complete -c stylus -n '__fish_seen_subcommand_from " << verb->get_name() << "' -l "
            << name << "\n";
      }
    }
  }
}

/// A script for "bash", "zsh" or "fish" that offers the verbs and options of `app`, and file names
/// otherwise.
std::string completion_script(const CLI::App& app, const std::string& shell) {
  std::ostringstream out;
  if (shell == "fish") {
    write_fish(app, out);
  } else {
    if (shell == "zsh") {
      out << "autoload -U +X bashcompinit && bashcompinit\n";
    }
    write_bash(app, out);
  }
  return out.str();
}

}  // namespace

void add_completion_verb(CLI::App& app, Action& chosen) {
  const auto shell = std::make_shared<std::string>();
  CLI::App& verb = add_verb(app, "completion", "Shell completion: source <(stylus completion bash)",
                            "completion bash", chosen, [shell, &app](const GlobalOptions&) {
                              std::cout << completion_script(app, *shell);
                              return kSuccess;
                            });
  verb.add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace stylus::app
