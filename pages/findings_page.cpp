#include "pages/findings_page.h"

#include "pages/html.h"

namespace stylus::pages {
namespace {

constexpr std::string_view kStyle = R"css(
:root { --ink: #22262b; --soft: #5d6670; --line: #dfe3e8; --paper: #ffffff; --field: #f5f7f9;
  --good: #1c7c54; --warn: #b26a00; --bad: #b3261e; --mark: #2b5fd9; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #9aa4ae; --line: #343b43;
  --paper: #16191d; --field: #1f242a; --good: #5cc796; --warn: #f0ac4e; --bad: #f2857d;
  --mark: #8fb0ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2.5rem 1.25rem 4rem; color: var(--ink);
  background: var(--paper); font: 16px/1.55 system-ui, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .2rem; }
h2 small { color: var(--soft); font-weight: 400; margin-left: .4rem; }
p { margin: .2rem 0 .8rem; } .lead, .about { color: var(--soft); }
.figures { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.5rem 0; }
.figure { flex: 1 1 8rem; background: var(--field); border-radius: .6rem; padding: .7rem .9rem; }
.figure b { display: block; font-size: 1.6rem; line-height: 1.2;
  font-variant-numeric: tabular-nums; }
.figure span { color: var(--soft); font-size: .9rem; }
.good b, .gain { color: var(--good); } .warn b { color: var(--warn); }
.bad b, .loss { color: var(--bad); }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1rem; margin: 1rem 0; }
nav a { color: var(--mark); text-decoration: none; } nav a:hover { text-decoration: underline; }
ul { list-style: none; margin: .6rem 0 0; padding: 0; border-top: 1px solid var(--line); }
li { padding: .55rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
li b { font-weight: 600; } li code { color: var(--soft); font-size: .85em; margin-left: .35rem; }
li div { color: var(--soft); font-size: .93rem; }
li div.gain, li div.loss { color: inherit; } .gain::before { content: "+ "; color: var(--good); }
.loss::before { content: "\2212\00a0"; color: var(--bad); }
.rest { color: var(--soft); padding: .6rem 0; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
@media print { body { max-width: none; padding: 0; } nav { display: none; } li { break-inside: avoid; } }
)css";

std::string tag(std::string_view name, std::string_view classes, std::string_view text) {
  std::string out = "<";
  out.append(name);
  if (!classes.empty()) {
    out.append(" class=\"").append(classes).append("\"");
  }
  return out.append(">").append(html_text(text)).append("</").append(name).append(">");
}

}  // namespace

FindingsPage::FindingsPage(std::string_view title, std::string_view lead)
    : title_(title), lead_(lead) {}

void FindingsPage::add_figure(std::string_view number, std::string_view what,
                              std::string_view tone) {
  figures_.append("<div class=\"figure ").append(tone).append("\">");
  figures_ += tag("b", "", number) + tag("span", "", what) + "</div>\n";
}

void FindingsPage::begin_section(std::string_view heading, std::size_t count,
                                 std::string_view about) {
  end_section();
  std::string anchor = "s";
  anchor += std::to_string(++sections_);
  const std::string number = std::to_string(count);
  index_.append("<a href=\"#").append(anchor).append("\">").append(html_text(heading));
  index_.append(" ").append(number).append("</a>\n");
  body_.append("<h2 id=\"").append(anchor).append("\">").append(html_text(heading));
  body_ += tag("small", "", number) + "</h2>\n";
  body_ += about.empty() ? "" : tag("p", "about", about) + "\n";
  body_ += "<ul>\n";
  open_ = true;
}

void FindingsPage::add_item(std::string_view title, std::string_view id,
                            const std::vector<std::string>& details) {
  body_ += "<li>";
  body_ += tag("b", "", title);
  body_ += id.empty() ? "" : tag("code", "", id);
  for (const std::string& detail : details) {
    const bool gain = detail.starts_with("+ ");
    const bool loss = detail.starts_with("- ");
    body_ += tag("div",
                 gain   ? "gain"
                 : loss ? "loss"
                        : "",
                 std::string_view(detail).substr(gain || loss ? 2 : 0));
  }
  body_ += "</li>\n";
}

void FindingsPage::add_rest(std::size_t count) {
  if (count > 0) {
    std::string text = "and ";
    text += std::to_string(count);
    text += " more; --json lists them all";
    body_ += tag("li", "rest", text);
    body_ += "\n";
  }
}

void FindingsPage::end_section() {
  body_ += open_ ? "</ul>\n" : "";
  open_ = false;
}

std::string FindingsPage::str() const {
  std::string page = tag("h1", "", title_) + "\n" + tag("p", "lead", lead_) + "\n";
  if (!figures_.empty()) {
    page.append("<div class=\"figures\">\n").append(figures_).append("</div>\n");
  }
  if (sections_ > 1) {
    page.append("<nav>\n").append(index_).append("</nav>\n");
  }
  page += body_;
  page += open_ ? "</ul>\n" : "";
  page += "<footer>Made by stylus. This file needs nothing else.</footer>\n";
  return html_document(title_, kStyle, page);
}

}  // namespace stylus::pages
