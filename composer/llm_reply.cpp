#include "composer/llm_reply.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "chat/data_text.h"
#include "chat/json_reply.h"
#include "composer/common_words.h"
#include "support/text.h"

namespace stylus::composer {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostTopics = 64;
constexpr std::size_t kMostProblems = 12;
constexpr std::size_t kTopicBytes = 200;
constexpr std::size_t kReasonBytes = 240;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Part of a word as far as its borders matter: ASCII letters and digits, and the first bytes of
/// accented Latin letters. Scripts without blanks between words have no borders to respect.
bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (byte >= 0xC3 && byte <= 0xC9);
}

bool is_border(std::string_view text, std::size_t at) {
  if (at == 0 || at == text.size()) {
    return true;
  }
  const bool before =
      is_word_byte(text[at - 1]) || (at >= 2 && is_word_byte(text[at - 2]) &&
                                     (static_cast<unsigned char>(text[at - 1]) & 0xC0U) == 0x80U);
  return !(before && is_word_byte(text[at]));
}

/// End of the phrase if it stands at `begin`; blanks match any run of blanks.
std::optional<std::size_t> match_at(std::string_view text, std::size_t begin,
                                    std::string_view phrase) {
  std::size_t at = begin;
  for (std::size_t i = 0; i < phrase.size(); ++i) {
    if (phrase[i] == ' ') {
      const std::size_t blanks = at;
      while (at < text.size() && is_blank(text[at])) {
        ++at;
      }
      if (at == blanks) {
        return std::nullopt;
      }
    } else if (at < text.size() && text[at] == phrase[i]) {
      ++at;
    } else {
      return std::nullopt;
    }
  }
  return at;
}

/// Models that copy the form write "..." where a reason belongs.
bool says_something(std::string_view reason) {
  return std::any_of(reason.begin(), reason.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
  });
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  out.append(truncate_utf8(text, 80)).append("\"");
  return out;
}

/// Reads one reply; its members are the rules.
class Reader {
 public:
  Reader(std::string_view searchable, std::size_t offered, const std::vector<std::size_t>& allowed)
      : searchable_(searchable), offered_(offered), allowed_(allowed) {}

  Selection read(std::string_view reply) {
    const std::optional<nlohmann::json> object = chat::find_json_object(reply, "topics");
    if (!object || !(*object)["topics"].is_array()) {
      problem("the reply holds no JSON object with a list \"topics\"");
      return std::move(selection_);
    }
    const nlohmann::json& topics = (*object)["topics"];
    for (std::size_t i = 0; i < std::min(topics.size(), kMostTopics); ++i) {
      read_topic(topics[i]);
    }
    std::stable_sort(selection_.topics.begin(), selection_.topics.end(),
                     [](const Topic& a, const Topic& b) { return a.span.begin < b.span.begin; });
    return std::move(selection_);
  }

 private:
  void problem(std::string text) {
    if (selection_.problems.size() < kMostProblems) {
      selection_.problems.push_back(std::move(text));
    }
  }

  void read_topic(const nlohmann::json& json) {
    std::string name;
    if (json.is_object() && json.contains("topic") && json["topic"].is_string()) {
      name = collapse_blanks(chat::data_text(json["topic"].get<std::string>(), kTopicBytes));
    }
    if (name.empty()) {
      problem("a topic has no text \"topic\"");
      return;
    }
    const std::optional<Span> place = free_place(name);
    if (!place) {
      return;
    }
    Topic topic;
    topic.span.begin = place->begin;
    topic.span.end = place->end;
    topic.span.query = collapse_blanks(searchable_.substr(place->begin, place->end - place->begin));
    topic.span.common = only_common_words(topic.span.query);
    if (json.contains("adapters") && !json["adapters"].is_array()) {
      problem("\"adapters\" of topic " + in_quotes(name) + " is no list");
    } else if (json.contains("adapters")) {
      read_picks(json["adapters"], name, topic);
    }
    selection_.topics.push_back(std::move(topic));
  }

  /// The first place of the words that no topic has taken yet.
  std::optional<Span> free_place(const std::string& name) {
    bool there = false;
    for (std::size_t from = 0; from <= searchable_.size();) {
      const std::optional<Span> place = find_phrase(searchable_, name, from);
      if (!place) {
        break;
      }
      there = true;
      const bool taken =
          std::any_of(selection_.topics.begin(), selection_.topics.end(), [&](const Topic& topic) {
            return topic.span.begin < place->end && place->begin < topic.span.end;
          });
      if (!taken) {
        return place;
      }
      from = place->begin + 1;
    }
    problem(there ? "topic " + in_quotes(name) + " overlaps another topic"
                  : "topic " + in_quotes(name) + " does not stand in the prompt word for word");
    return std::nullopt;
  }

  void read_picks(const nlohmann::json& adapters, const std::string& name, Topic& topic) {
    for (const nlohmann::json& adapter : adapters) {
      const nlohmann::json number =
          adapter.is_object() ? adapter.value("number", nlohmann::json()) : adapter;
      const bool is_count = number.is_number_unsigned();
      const std::size_t value = is_count ? number.get<std::size_t>() : 0;
      if (value == 0 || value > offered_) {
        problem("topic " + in_quotes(name) + " has an adapter " +
                in_quotes(number.dump(-1, ' ', true)) + ", which is not in the list (1 to " +
                std::to_string(offered_) + ")");
        continue;
      }
      if (!allowed_.empty() &&
          std::find(allowed_.begin(), allowed_.end(), value) == allowed_.end()) {
        problem("adapter " + std::to_string(value) + " was not in your first choice");
        continue;
      }
      std::string reason;
      if (adapter.is_object() && adapter.contains("reason") && adapter["reason"].is_string()) {
        reason =
            collapse_blanks(chat::data_text(adapter["reason"].get<std::string>(), kReasonBytes));
      }
      if (!says_something(reason)) {
        problem("adapter " + std::to_string(value) + " has no \"reason\"");
      } else if (!used_.insert(value).second) {
        problem("adapter " + std::to_string(value) + " is used more than once");
      } else if (topic.picks.size() == kMostPicksOfTopic) {
        problem("topic " + in_quotes(name) + " has more than three adapters");
      } else {
        topic.picks.push_back({value, std::move(reason)});
      }
    }
  }

  std::string_view searchable_;
  std::size_t offered_;
  const std::vector<std::size_t>& allowed_;
  std::set<std::size_t> used_;
  Selection selection_;
};

}  // namespace

std::optional<Span> find_phrase(std::string_view searchable, std::string_view phrase,
                                std::size_t from) {
  const std::string wanted = to_lower(collapse_blanks(phrase));
  if (wanted.empty()) {
    return std::nullopt;
  }
  for (std::size_t at = searchable.find(wanted.front(), from); at != std::string_view::npos;
       at = searchable.find(wanted.front(), at + 1)) {
    const std::optional<std::size_t> end = match_at(searchable, at, wanted);
    if (end && is_border(searchable, at) && is_border(searchable, *end)) {
      return Span{at, *end};
    }
  }
  return std::nullopt;
}

Selection read_selection(std::string_view reply, std::string_view searchable, std::size_t offered,
                         const std::vector<std::size_t>& allowed) {
  return Reader(searchable, offered, allowed).read(reply);
}

std::string selection_to_json(const Selection& selection, std::string_view prompt) {
  Json topics = Json::array();
  for (const Topic& topic : selection.topics) {
    Json adapters = Json::array();
    for (const Topic::Pick& pick : topic.picks) {
      adapters.push_back({{"number", pick.number}, {"reason", pick.reason}});
    }
    topics.push_back({{"topic", prompt.substr(topic.span.begin, topic.span.end - topic.span.begin)},
                      {"adapters", std::move(adapters)}});
  }
  return Json{{"topics", std::move(topics)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace stylus::composer
