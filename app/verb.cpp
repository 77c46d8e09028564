#include "app/verb.h"

#include <utility>

namespace stylus::app {

CLI::App& add_verb(CLI::App& parent, const std::string& name, const std::string& about,
                   const std::string& example, Action& chosen, Action run) {
  CLI::App* verb = parent.add_subcommand(name, about);
  verb->footer("Example: stylus " + example);
  verb->fallthrough();
  verb->callback([&chosen, run = std::move(run)] { chosen = run; });
  return *verb;
}

CLI::App& add_verb_group(CLI::App& parent, const std::string& name, const std::string& about,
                         const std::string& example) {
  CLI::App* group = parent.add_subcommand(name, about);
  group->require_subcommand(1);
  group->fallthrough();
  group->footer("Example: stylus " + example);
  return *group;
}

void require_either(CLI::App& verb, const CLI::Option* one, const CLI::Option* batch) {
  verb.parse_complete_callback([one, batch] {
    if (one->empty() && batch->empty()) {
      throw CLI::RequiredError(one->get_name() + " or " + batch->get_name() + " FILE");
    }
  });
}

}  // namespace stylus::app
