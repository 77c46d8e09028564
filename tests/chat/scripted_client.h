#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "chat/client.h"
#include "support/error.h"

namespace stylus::chat {

/// A model that says what a test wants it to say, and remembers what it was asked.
class ScriptedClient : public Client {
 public:
  using Script = std::function<Reply(const Request& request, std::size_t number)>;

  explicit ScriptedClient(Script script) : script_(std::move(script)) {}
  /// Always the same text.
  explicit ScriptedClient(const std::string& text)
      : ScriptedClient([text](const Request&, std::size_t) { return reply(text); }) {}

  [[nodiscard]] static Reply reply(const std::string& text, Finish finish = Finish::kStop) {
    Reply made;
    made.text = text;
    made.finish = finish;
    made.usage = {100, 50};
    made.model = "scripted-1";
    return made;
  }

  [[nodiscard]] Reply ask(const Request& request) override {
    std::size_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = asked.size();
      asked.push_back(request);
    }
    return script_(request, number);
  }
  [[nodiscard]] const std::string& model() const override { return model_; }
  [[nodiscard]] Spent spent() const override {
    return {static_cast<std::int64_t>(asked.size()), 0};
  }

  void set_model(std::string name) { model_ = std::move(name); }

  std::vector<Request> asked;

 private:
  Script script_;
  std::mutex mutex_;
  std::string model_ = "scripted";
};

}  // namespace stylus::chat
