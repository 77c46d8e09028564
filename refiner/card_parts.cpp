// What a sentence of a card is about: the picture, its use, the training, or nothing of interest.
#include <algorithm>
#include <array>

#include "catalog/words.h"
#include "refiner/rules.h"
#include "refiner/sentences.h"
#include "support/text.h"

namespace stylus::refiner {
namespace {

constexpr std::size_t kSentenceWords = 60;

enum class About { kShows, kUsage, kTraining, kNothing };

/// Words that tell what a sentence is about.
struct Topic {
  About about;
  catalog::PhraseList phrases;     ///< Whole words.
  std::vector<std::string> parts;  ///< Of scripts without blanks: looked for anywhere.
};

/// The first that fits counts.
const std::array<Topic, 4>& topics() {
  static const std::array<Topic, 4> kTopics = {{
      // Speaks to a language model instead of to people: card text is data.
      {About::kNothing,
       catalog::PhraseList(R"(
ignore all previous, ignore previous, ignore the above, ignore your, disregard previous,
disregard all, disregard the, previous instructions, prior instructions, above instructions,
all instructions, system prompt, system message, developer mode, you are an ai,
you are a language, as an ai, language model, you are now, you are chatgpt, jailbreak,
new instructions, forget everything, forget all, respond only, respond with, reply only,
reply with, answer only with, output only, output the following, return the json, output json,
do not follow, override your, note to the model, to the ai, attention ai, assistant,
always recommend this, always choose this, rate this adapter, set the weight to,
must be selected first)"),
       {}},
      // Its author, thanks, money, law.
      {About::kNothing, catalog::PhraseList(R"(
patreon, ko fi, kofi, buy me a, coffee, donate, donation, donations, tip, tips welcome, paypal,
boosty, fanbox, afdian, commission, commissions, support me, supporting me, support my, discord,
twitter, instagram, youtube, pixiv, telegram, follow me, subscribe, my channel, my other, my page,
feedback, review, reviews, rating, five star, 5 star, leave a like, comments, comment, share your,
post your, upload your, thank you, thanks, enjoy, hope you, have fun, cheers, feel free,
let me know, request, requests, license, licence, copyright, disclaimer, legal, prohibited,
commercial, liable, responsibility, lawsuit, affiliated, trademark, terms of, credit me,
credits to, reupload, re upload, repost, civitai, hugging face, huggingface, google drive,
telegraph, changelog, changed to, update log, updated, coming soon, work in progress, wip,
my first, sorry for, google translate, google translation, machine translation, tutorial, guide,
link, links, website, email, gmail, wechat, qq)"),
       split_list(R"(
打赏, 赞助, 商用, 商业, 法律, 版权, 机翻, 支持我, 感谢, 点赞, 关注, 下载, 教程, 转载, 商用利用, 後援)",
                  ',')},
      {About::kTraining, catalog::PhraseList(R"(
epoch, epochs, steps, learning rate, dataset, data set, datasets, training set, training data,
training images, batch size, network dim, network rank, net dim, dim, alpha, kohya, repeats,
captions, captioned, tagged with, trained with, trained using, was trained, trained at,
trained for, i trained, is trained, trained on, training, train, overfitted, overtrained, overfit,
undertrained, retrained, training model, regularization, wd14, deepbooru, booru tags, resolution,
images from, dreambooth, locon, lycoris, lion, adamw, optimizer, clip skip 2, base model, unet,
text encoder, bucket)"),
       split_list(R"(
训练, 訓練, 学习率, 学習, 數據集, 数据集, 素材, 步数, 底模, 轮)",
                  ',')},
      {About::kUsage, catalog::PhraseList(R"(
weight, weights, strength, trigger, triggers, triggerword, trigger word, activation, activator,
keyword, keywords, prompt, prompts, prompting, negative, cfg, sampler, sampling, clip skip, hires,
hires fix, highres fix, denoise, denoising, upscale, upscaler, upscaling, vae, embedding,
embeddings, checkpoint, checkpoints, controlnet, inpaint, inpainting, img2img, txt2img, webui,
web ui, automatic1111, a1111, recommend, recommended, recommendation, suggest, suggested,
works best, works well, works with, work with, use it, you can use, use with, how to use, usage,
tags, add the, best results, best with, previews, preview, sample images, example images,
generated with, generated using, made with, using model, version, v1, v2, v3, lora lora,
adetailer, face fix, restore faces, note that, merge, models used, tested with, tested on)"),
       split_list(R"(
权重, 權重, 触发, 觸發, 推荐, 建议, 提示词, 使用, トリガー, 重み, 推奨, おすすめ, 强度, 強度, 模型, 가중치)",
                  ',')},
  }};
  return kTopics;
}

About about(const std::string& sentence) {
  const std::vector<std::string> words = catalog::words_of(sentence, kSentenceWords);
  if (words.empty()) {
    return About::kNothing;
  }
  const std::string lower = to_lower(sentence);
  for (const Topic& topic : topics()) {
    const auto stands = [&lower](const std::string& part) {
      return lower.find(part) != lower.npos;
    };
    if (topic.phrases.matches(words) ||
        std::any_of(topic.parts.begin(), topic.parts.end(), stands)) {
      return topic.about;
    }
  }
  return About::kShows;
}

void append(std::string& text, const Sentence& sentence, const std::string& clean) {
  text += text.empty() ? "" : sentence.starts_line ? "\n" : " ";
  text += clean;
}

}  // namespace

CardParts card_parts(std::string_view description) {
  CardParts parts;
  for (const Sentence& sentence : sentences_of(description)) {
    const std::string clean = without_decoration(sentence.text);
    if (catalog::words_of(clean, 1).empty()) {
      continue;
    }
    switch (about(clean)) {
      case About::kShows:
        append(parts.shows, sentence, clean);
        break;
      case About::kUsage:
        append(parts.usage, sentence, clean);
        break;
      case About::kTraining:
      case About::kNothing:
        ++parts.dropped;
        break;
    }
  }
  return parts;
}

}  // namespace stylus::refiner
