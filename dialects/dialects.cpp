#include "dialects/dialects.h"

#include "dialects/a1111.h"
#include "dialects/diffusers_script.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::dialects {
namespace {

struct Dialect {
  std::string_view name;
  std::string (*write)(const composer::Plan&);
};

// A new dialect is one more line here, its two files, and its tests.
constexpr Dialect kDialects[] = {{"a1111", export_a1111}, {"diffusers", export_diffusers}};

}  // namespace

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Dialect& dialect : kDialects) {
    all.emplace_back(dialect.name);
  }
  return all;
}

std::string export_plan(const composer::Plan& plan, std::string_view dialect) {
  for (const Dialect& known : kDialects) {
    if (known.name == dialect) {
      return known.write(plan);
    }
  }
  fail(ErrorCode::kInvalidArgument, "no dialect is called '", dialect,
       "'; there are: ", join(names(), ", "));
}

}  // namespace stylus::dialects
