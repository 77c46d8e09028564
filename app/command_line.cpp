#include "app/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>
#include <map>
#include <memory>

#include "app/chat_options.h"
#include "app/completion.h"
#include "app/planner.h"
#include "app/status_map.h"
#include "support/error.h"
#include "support/text.h"
#include "weights/base_family.h"

namespace stylus::app {
namespace {

constexpr const char* kDefaultBase = "sd15";

/// The slug for what was typed after --base; "any" switches the base filter off.
std::string base_slug(const std::string& typed) {
  if (typed == "any") {
    return "";
  }
  std::string slug = weights::base_family(typed);
  if (slug.empty()) {
    std::vector<std::string> known;
    for (const weights::BaseFamily& family : weights::base_families()) {
      known.push_back(family.slug);
    }
    throw CLI::ValidationError(
        "--base", "'" + typed + "' is no base family that stylus knows; use any or one of " +
                      join(known, ", "));
  }
  return slug;
}

void add_filter(CLI::App& verb, catalog::Filter& filter, const char* default_base) {
  filter.base = default_base;
  const std::string group = "Filters";
  verb.add_option_function<std::string>(
          "--base", [&filter](const std::string& typed) { filter.base = base_slug(typed); },
          std::string("Base family of the checkpoint, or any") +
              (*default_base != '\0' ? std::string(" (default ") + default_base + ")" : ""))
      ->group(group);
  verb.add_flag("--allow-nsfw", filter.allow_nsfw, "Adult adapters too")->group(group);
  verb.add_flag("--allow-unrated", filter.allow_unrated, "Adapters without a rating too")
      ->group(group);
  verb.add_flag("--allow-people", filter.allow_people,
                "Real persons, and characters that the prompt does not name")
      ->group(group);
  verb.add_option("--licence", filter.licence, "commercial: pictures may be sold")
      ->check(CLI::IsMember({"commercial"}))
      ->group(group);
  verb.add_option("--folder", filter.folder, "Only adapter files under this folder")->group(group);
  verb.add_option("--tag", filter.tags, "Only adapters with this tag (repeat for several)")
      ->expected(1)
      ->take_all()
      ->group(group);
  verb.add_flag("--only-installed", filter.only_installed, "Only adapters whose file is there")
      ->group(group);
  verb.add_option("--block", filter.blocked, "Leave this adapter out (repeat for several)")
      ->expected(1)
      ->take_all()
      ->group(group);
}

/// "ID" or "ID=WEIGHT".
void add_pin(composer::ComposeOptions& options, const std::string& typed) {
  const std::size_t equals = typed.rfind('=');
  if (equals == std::string::npos) {
    options.pinned[typed] = std::nullopt;
    return;
  }
  double weight = 0;
  if (!CLI::detail::lexical_cast(typed.substr(equals + 1), weight)) {
    throw CLI::ValidationError("--pin", "'" + typed + "' is not ID or ID=WEIGHT");
  }
  options.pinned[typed.substr(0, equals)] = weight;
}

/// Everything that decides which adapters are chosen; seed and number of pictures apart.
void add_choice(CLI::App& verb, composer::ComposeOptions& options) {
  add_filter(verb, options.filter, kDefaultBase);
  const std::string group = "Composition";
  verb.add_option_function<std::vector<std::string>>(
          "--pin",
          [&options](const std::vector<std::string>& all) {
            for (const std::string& typed : all) {
              add_pin(options, typed);
            }
          },
          "Always use this adapter: ID or ID=WEIGHT (repeat for several)")
      ->expected(1)
      ->take_all()
      ->group(group);
  verb.add_option("--max-adapters", options.max_adapters, "Adapters in a plan (default 2)")
      ->check(CLI::Range(0, 16))
      ->group(group);
  verb.add_option("--max-per-keyword", options.max_per_keyword,
                  "Adapters for one keyword (default 1)")
      ->check(CLI::Range(1, 3))
      ->group(group);
  verb.add_option("--max-styles", options.max_styles, "Style adapters in a plan (default 2)")
      ->check(CLI::Range(0, 16))
      ->group(group);
  static const std::map<std::string, composer::WeightRule> kRules = {
      {"budget", composer::WeightRule::kBudget}, {"paper", composer::WeightRule::kPaper}};
  verb.add_option(
          "--weights", options.weights,
          "budget: hold the sum of weights times norms down (default); paper: 0.8 x weight / picks")
      ->transform(CLI::CheckedTransformer(kRules).description(""))
      ->type_name("RULE")
      ->group(group);
  verb.add_option("--weight-budget", options.weight_budget,
                  "Budget for --weights budget (default 1.5)")
      ->check(CLI::PositiveNumber)
      ->group(group);
  verb.add_flag_callback(
          "--no-triggers", [&options] { options.insert_triggers = false; },
          "Do not insert trigger words")
      ->group(group);
  verb.add_flag_callback(
          "--no-context", [&options] { options.prompt_context = false; },
          "Judge each keyword without the rest of the prompt")
      ->group(group);
  verb.add_option("--threshold", options.threshold, "Confidence that a pick needs, 0 to 1")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group);
  verb.add_option("--runners-up", options.runners_up, "Runners-up listed per keyword (default 3)")
      ->check(CLI::Range(0, 20))
      ->group(group);
  verb.add_option("--negative", options.negative_prompt, "Negative prompt")->group(group);
}

void add_compose(CLI::App& verb, composer::ComposeOptions& options) {
  add_choice(verb, options);
  const std::string group = "Composition";
  verb.add_option("-n,--images", options.images, "Pictures to plan for (default 1)")
      ->check(CLI::Range(1, 1000))
      ->group(group);
  verb.add_option("--seed", options.seed, "Seed of the first picture (default 1)")->group(group);
}

/// One of the two must be typed: a single question or a file of them.
void require_either(CLI::App& verb, const CLI::Option* one, const CLI::Option* batch) {
  verb.parse_complete_callback([one, batch] {
    if (one->empty() && batch->empty()) {
      throw CLI::RequiredError(one->get_name() + " or " + batch->get_name() + " FILE");
    }
  });
}

/// Owns the option structs until the parsed verb has run.
struct Commands {
  ImportCommand import;
  RefineCommand refine;
  SearchCommand search;
  PlanCommand plan;
  GenerateCommand generate;
  const CLI::Option* generate_base = nullptr;  ///< Typed or not decides who chooses the base.
  std::string model;
  EvaluateCommand evaluate;
  ExplainCommand explain;
  WhyNotCommand why_not;
  ExportCommand export_plan;
  CatalogListCommand list;
  CatalogLintCommand lint;
  CatalogCheckCommand check;
  CatalogShowCommand show;
  CatalogSetCommand set;
  std::string shell;
  Action action;
};

CLI::App* add_verb(CLI::App& parent, const std::string& name, const std::string& about,
                   const std::string& example, Commands& commands, Action action) {
  CLI::App* verb = parent.add_subcommand(name, about);
  verb->footer("Example: stylus " + example);
  verb->fallthrough();
  verb->callback([&commands, action = std::move(action)] { commands.action = action; });
  return verb;
}

void add_catalog_verbs(CLI::App& app, Commands& c) {
  CLI::App* shelf = app.add_subcommand("catalog", "Look after the adapter catalogue");
  shelf->require_subcommand(1);
  shelf->fallthrough();
  shelf->footer("Example: stylus catalog list --match watercolor");

  CLI::App* list = add_verb(*shelf, "list", "Adapters, one a line",
                            "catalog list --match watercolor --tag style", c,
                            [&c](const GlobalOptions& g) { return run_catalog_list(g, c.list); });
  add_filter(*list, c.list.filter, "");
  c.list.filter.allow_nsfw = c.list.filter.allow_people = c.list.filter.allow_unrated = true;
  list->add_option("--match", c.list.match,
                   "Only adapters whose texts hold these words, best first");
  list->add_option("--category", c.list.category, "Only this category (style, character, …)");
  list->add_option("--order", c.list.order, "added (default), newest, name or downloads")
      ->check(CLI::IsMember({"added", "newest", "name", "downloads"}));
  list->add_option("--limit", c.list.limit, "Lines at most (default 50, 0 = all)");
  list->add_option("--offset", c.list.offset, "Lines to skip");

  CLI::App* show =
      add_verb(*shelf, "show", "Everything known of one adapter", "catalog show sample:ink-wash", c,
               [&c](const GlobalOptions& g) { return run_catalog_show(g, c.show); });
  show->add_option("ADAPTER", c.show.adapter, "Id, name, file stem or hash prefix")->required();

  add_verb(*shelf, "stats", "Counts by base, category, rating and kind", "catalog stats", c,
           [](const GlobalOptions& g) { return run_catalog_stats(g); });
  add_verb(*shelf, "duplicates", "Same files, same origins, nearly the same cards",
           "catalog duplicates", c,
           [](const GlobalOptions& g) { return run_catalog_duplicates(g); });
  CLI::App* lint = add_verb(*shelf, "lint", "What is wrong with the cards and files",
                            "catalog lint --files --html report.html", c,
                            [&c](const GlobalOptions& g) { return run_catalog_lint(g, c.lint); });
  lint->add_flag("--files", c.lint.files,
                 "Open every adapter file: broken ones, and updates of the same direction");
  lint->add_option("--html", c.lint.html_file, "Write a report for people to this file");

  CLI::App* check =
      add_verb(*shelf, "check", "Which plans changed since they were written down, and why",
               "catalog check --prompts golden.jsonl --html report.html", c,
               [&c](const GlobalOptions& g) { return run_catalog_check(g, c.check); });
  check
      ->add_option(
          "--prompts", c.check.prompts_file,
          "Plans, one a line: `stylus plan --prompts IN --output GOLDEN.jsonl` writes them")
      ->required();
  check->add_option("--html", c.check.html_file, "Write a report for people to this file");
  check->add_flag("--update", c.check.update, "Write today's plans into the file of --prompts");
  add_choice(*check, c.check.compose);

  CLI::App* set =
      add_verb(*shelf, "set", "Your own weight, triggers, rating, notes; imports never touch them",
               "catalog set sample:ink-wash --weight 0.6 --favourite yes", c,
               [&c](const GlobalOptions& g) { return run_catalog_set(g, c.set); });
  set->add_option("ADAPTER", c.set.adapter, "Id, name, file stem or hash prefix")->required();
  set->add_option("--weight", c.set.weight, "Own weight, or none to remove it");
  set->add_option("--triggers", c.set.triggers, "Own triggers as a comma list, or none");
  set->add_option("--rating", c.set.rating, "safe, adult, unrated, or none to follow the card")
      ->check(CLI::IsMember({"safe", "adult", "unrated", "none"}));
  set->add_option("--notes", c.set.notes, "Notes, or none");
  set->add_option("--favourite", c.set.favourite, "yes or no")->check(CLI::IsMember({"yes", "no"}));
  set->add_option("--blocked", c.set.blocked, "yes: never choose it; or no")
      ->check(CLI::IsMember({"yes", "no"}));
  set->add_flag("--dry-run", c.set.dry_run, "Show the result, store nothing");
}

/// "512x768"
void take_size(GenerateCommand& command, const std::string& typed) {
  const std::size_t cross = typed.find('x');
  if (cross == std::string::npos ||
      !CLI::detail::lexical_cast(typed.substr(0, cross), command.width) ||
      !CLI::detail::lexical_cast(typed.substr(cross + 1), command.height) || command.width <= 0 ||
      command.height <= 0) {
    throw CLI::ValidationError("--size",
                               "'" + typed + "' is not WIDTHxHEIGHT, for example 512x768");
  }
}

void add_picture_options(CLI::App& verb, GenerateCommand& c) {
  const std::string group = "Picture";
  verb.add_option("-n,--images", c.images, "Pictures (default 1, or as many as the plan lists)")
      ->check(CLI::Range(1, 1000))
      ->group(group);
  verb.add_option("--seed", c.seed, "Seed of the first picture (default 1); the next has one more")
      ->group(group);
  verb.add_flag("--grid", c.grid, "One labelled sheet of all pictures")->group(group);
  verb.add_option("--preview-every", c.preview_every,
                  "Write NAME.preview.png every N steps: what the picture will come to")
      ->check(CLI::Range(1, 1000))
      ->group(group);
  verb.add_option("--steps", c.steps, "Sampling steps (default 20)")
      ->check(CLI::Range(1, 1000))
      ->group(group);
  verb.add_option("--cfg", c.guidance, "Guidance (default 7, or the model's own)")->group(group);
  verb.add_option("--cfg-rescale", c.guidance_rescale, "Guidance rescale, 0 to 1 (default 0)")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group);
  verb.add_option("--sampler", c.sampler,
                  "ddim, euler, euler_a, dpmpp_2m, dpmpp_2m_karras, dpmpp_2m_sde, pndm, lcm, unipc "
                  "(default: the model's own)")
      ->group(group);
  verb.add_option_function<std::string>(
          "--size", [&c](const std::string& typed) { take_size(c, typed); },
          "WIDTHxHEIGHT (default: what the model was trained at)")
      ->group(group);
  verb.add_option("--clip-skip", c.clip_skip, "As in A1111: 1 uses all layers (default)")
      ->check(CLI::Range(1, 12))
      ->group(group);
  verb.add_option("--init", c.init_file, "img2img: start from this PNG or JPEG")->group(group);
  verb.add_option("--strength", c.strength, "img2img: how much is painted anew (default 0.6)")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group);
  verb.add_option("--mask", c.mask_file, "Inpainting: white is painted anew")->group(group);
  verb.add_option("--hires", c.hires_scale, "Second pass at this scale over upscaled latents")
      ->check(CLI::Range(1.0, 4.0))
      ->group(group);
  verb.add_option("--hires-strength", c.hires_strength, "Of the second pass (default 0.7)")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group);
  verb.add_option("--hires-steps", c.hires_steps, "Of the second pass (default: as the first)")
      ->group(group);
  verb.add_option("--composition", c.composition,
                  "sum (default), switch (one adapter at a time) or composite (a pass for each)")
      ->check(CLI::IsMember({"sum", "switch", "composite"}))
      ->group(group);
}

void add_renderer_options(CLI::App& verb, GenerateCommand& c) {
  const std::string group = "Renderer";
  verb.add_option("--model", c.model,
                  "A name of `stylus models list`, or a diffusers folder or .safetensors file")
      ->group(group);
  verb.add_option("--device", c.device, "auto (default), cpu, cuda or cuda:N")->group(group);
  verb.add_option("--precision", c.dtype, "auto (default), fp32, fp16 or bf16")
      ->check(CLI::IsMember({"auto", "fp32", "fp16", "bf16"}))
      ->group(group);
  verb.add_option("--prediction", c.prediction, "What the model predicts, where it does not say so")
      ->check(CLI::IsMember({"epsilon", "v_prediction"}))
      ->group(group);
  verb.add_option("--threads", c.threads, "CPU threads (default: all)")
      ->check(CLI::Range(0, 1024))
      ->group(group);
  verb.add_option("--batch", c.batch, "Pictures per pass at most (default: as memory suggests)")
      ->group(group);
  verb.add_flag("--tiled-vae", c.tiled_vae, "Decode in tiles: less memory for large pictures")
      ->group(group);
  verb.add_option("--save-latents", c.latents_file, "Store the final latents as safetensors")
      ->group(group);
  verb.add_flag("--dry-run", c.dry_run, "Show the job for the renderer, render nothing")
      ->group(group);
}

void add_generate_verbs(CLI::App& app, Commands& c) {
  CLI::App* generate =
      add_verb(app, "generate", "Plan and paint: adapters chosen for the prompt, then the picture",
               "generate \"a penguin, line art\" -o penguin.png -n 4 --grid", c,
               [&c](const GlobalOptions& g) {
                 c.generate.base_was_typed = !c.generate_base->empty();
                 return run_generate(g, c.generate);
               });
  const CLI::Option* prompt = generate->add_option("PROMPT", c.generate.prompt, "The prompt");
  require_either(*generate, prompt,
                 generate->add_option("--plan", c.generate.plan_file, "Paint this stored plan"));
  generate->add_option("-o,--output", c.generate.output_file,
                       "PNG file (default out.png; several become out-1.png, out-2.png, …)");
  generate->add_option("--save-plan", c.generate.plan_output, "Write the plan to this file");
  generate->add_flag("--no-adapters", c.generate.no_adapters, "The bare model, for comparison");
  add_choice(*generate, c.generate.compose);
  add_strategy_options(*generate, c.generate.strategy);
  const CLI::Option* base = generate->get_option("--base");
  c.generate_base = base;
  add_picture_options(*generate, c.generate);
  add_renderer_options(*generate, c.generate);

  CLI::App* models = app.add_subcommand("models", "Checkpoints that pictures are rendered with");
  models->require_subcommand(1);
  models->fallthrough();
  models->footer("Example: stylus models list");
  add_verb(*models, "list", "What is there", "models list", c,
           [](const GlobalOptions& g) { return run_models_list(g); });
  CLI::App* verify = add_verb(
      *models, "verify", "Whether a checkpoint is whole and of a known kind", "models verify mini",
      c, [&c](const GlobalOptions& g) { return run_models_verify(g, c.model); });
  verify->add_option("MODEL", c.model, "A name or a path")->required();
}

void add_evaluate_verb(CLI::App& app, Commands& c) {
  CLI::App* evaluate = add_verb(
      app, "evaluate", "Pictures of several methods side by side, measured and reported",
      "evaluate run.json", c, [&c](const GlobalOptions& g) { return run_evaluate(g, c.evaluate); });
  evaluate->add_option("RUN", c.evaluate.run_file, "What to compare (docs/evaluation.md)");
  evaluate->add_option("-o,--output", c.evaluate.output,
                       "Folder of the run (default: the run file's name + -results)");
  evaluate->add_option("--shard", c.evaluate.shard, "Only part I of N of the pictures: I/N");
  evaluate->add_option("--merge", c.evaluate.merge, "Bring the folders of all shards together");
  evaluate->add_option("--compare", c.evaluate.compare, "Two folders of runs, side by side")
      ->expected(2);
  evaluate->add_option("--plans", c.evaluate.plans_file,
                       "Measure these plans (JSON lines) instead of pictures");
  evaluate->add_option("--reference-plans", c.evaluate.reference_plans_file,
                       "The plans that --plans should agree with");
  evaluate
      ->add_option("--sheet", c.evaluate.sheet,
                   "Two methods: write a blind sheet for people to judge (sheet.html)")
      ->expected(2);
  evaluate
      ->add_option("--judge", c.evaluate.judge,
                   "Two methods: let the model behind --llm judge them, both ways round")
      ->expected(2);
  add_chat_options(*evaluate, c.evaluate.chat, "--llm", "--llm-model");
  evaluate->add_flag("--retry-failed", c.evaluate.retry_failed, "Try failed pictures again");
  evaluate->add_flag("--dry-run", c.evaluate.dry_run, "Say what would be made, make nothing");
  evaluate->add_option("--device", c.evaluate.device, "auto (default), cpu, cuda or cuda:N");
  evaluate->add_option("--threads", c.evaluate.threads, "Of the CPU (default: all)")
      ->check(CLI::Range(0, 4096));
}

void add_verbs(CLI::App& app, Commands& c) {
  CLI::App* import =
      add_verb(app, "import", "Read adapter folders, files and card lists into the catalogue",
               "import ~/loras cards.jsonl", c,
               [&c](const GlobalOptions& g) { return run_import(g, c.import); });
  import->add_option("PATH", c.import.paths, "Folders, adapter files, *.jsonl card lists")
      ->required();
  import->add_flag("--dry-run", c.import.dry_run, "Read and check, store nothing");
  import->add_flag("--no-example-prompts", c.import.no_example_prompts,
                   "Leave the cards' example prompts out");
  import->add_flag("--no-norms", c.import.no_norms, "Do not read tensor bytes for update norms");
  import->add_flag("--no-encode", c.import.no_encode,
                   "Do not encode the cards; `stylus refine` does it later");

  CLI::App* refine =
      add_verb(app, "refine", "Describe and encode what changed: by rules, or better with a model",
               "refine --vlm http://127.0.0.1:8080 --model qwen2-vl", c,
               [&c](const GlobalOptions& g) { return run_refine(g, c.refine); });
  add_chat_options(*refine, c.refine.chat, "--vlm", "--model");
  refine->add_option("--limit", c.refine.limit, "Ask about this many adapters at most (0 = all)")
      ->check(CLI::NonNegativeNumber);
  refine->add_flag("--retry", c.refine.retry,
                   "Ask again where this model's answer was not accepted");
  refine->add_flag("--send-adult", c.refine.allow_adult,
                   "Send adapters rated adult or not at all, too");
  refine->add_flag("--send-people", c.refine.allow_people, "Send those of real people, too");

  CLI::App* search =
      add_verb(app, "search", "Ranked adapters for a keyword or a prompt, with the evidence",
               "search \"tour bus\" -k 5", c,
               [&c](const GlobalOptions& g) { return run_search(g, c.search); });
  const CLI::Option* query = search->add_option("QUERY", c.search.query, "What to look for");
  search->add_option("-k", c.search.k, "Results at most (default 10)")->check(CLI::Range(1, 10000));
  require_either(*search, query,
                 search->add_option("--queries", c.search.queries_file,
                                    "Batch: JSON lines with id and query"));
  search->add_option("--output", c.search.output_file, "Batch: where the results go");
  add_filter(*search, c.search.filter, kDefaultBase);

  CLI::App* plan =
      add_verb(app, "plan", "Which adapters serve which words of the prompt, how strongly, and why",
               "plan \"a lighthouse in a storm, ukiyo-e\"", c,
               [&c](const GlobalOptions& g) { return run_plan(g, c.plan); });
  const CLI::Option* prompt = plan->add_option("PROMPT", c.plan.prompt, "The prompt");
  require_either(
      *plan, prompt,
      plan->add_option("--prompts", c.plan.prompts_file, "Batch: JSON lines with id and prompt"));
  plan->add_option("-o,--output", c.plan.output_file,
                   "Write the plan (or the batch's plans) to this file");
  add_compose(*plan, c.plan.compose);
  add_strategy_options(*plan, c.plan.strategy);

  CLI::App* explain =
      add_verb(app, "explain", "A stored plan in plain words", "explain plan.json", c,
               [&c](const GlobalOptions& g) { return run_explain(g, c.explain); });
  explain->add_option("PLAN", c.explain.plan_file, "A plan file, or - for standard input")
      ->required();

  CLI::App* why_not = add_verb(app, "why-not", "Why an adapter is not in the plan of a prompt",
                               "why-not sample:ink-wash \"a penguin, line art\"", c,
                               [&c](const GlobalOptions& g) { return run_why_not(g, c.why_not); });
  why_not->add_option("ADAPTER", c.why_not.adapter, "Id, name, file stem or hash prefix")
      ->required();
  why_not->add_option("PROMPT", c.why_not.prompt, "The prompt")->required();
  add_compose(*why_not, c.why_not.compose);

  CLI::App* exporter =
      add_verb(app, "export", "A plan in another tool's language", "export plan.json --to a1111", c,
               [&c](const GlobalOptions& g) { return run_export(g, c.export_plan); });
  exporter->add_option("PLAN", c.export_plan.plan_file, "A plan file, or - for standard input")
      ->required();
  exporter->add_option("--to", c.export_plan.dialect, "a1111 or diffusers")->required();
  exporter->add_option("-o,--output", c.export_plan.output_file, "File instead of standard output");

  add_generate_verbs(app, c);
  add_evaluate_verb(app, c);
  add_catalog_verbs(app, c);
  add_verb(app, "doctor", "What is installed, what is missing and how to get it", "doctor", c,
           [](const GlobalOptions& g) { return run_doctor(g); });
  CLI::App* completion =
      add_verb(app, "completion", "Shell completion: source <(stylus completion bash)",
               "completion bash", c, [&c, &app](const GlobalOptions&) {
                 std::cout << completion_script(app, c.shell);
                 return kSuccess;
               });
  completion->add_option("SHELL", c.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace

int run_command_line(int argc, char** argv, GlobalOptions& global) {
  CLI::App app{"Finds the right LoRA adapters for a prompt, and says why.", "stylus"};
  app.footer(
      "Example: stylus plan \"a lighthouse in a storm, ukiyo-e\"\nstylus VERB --help shows one "
      "verb.");
  app.require_subcommand(1);
  app.set_version_flag("--version", STYLUS_VERSION);
  app.add_option("--home", global.home,
                 "Catalogue, index and models (default: $STYLUS_HOME or the XDG data folder)");
  app.add_option("--encoder", global.encoder,
                 "Text encoder: a name under models/encoders, or a folder");
  app.add_flag("--no-encoder", global.no_encoder, "Search by words only");
  app.add_flag("--json", global.json, "Machine-readable output");
  app.add_flag("-q,--quiet", global.quiet, "Only results and errors");
  app.add_flag("-v,--verbose", global.verbose, "Say what is being done");
  Commands commands;
  add_verbs(app, commands);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& problem) {
    // "A subcommand is required" would puzzle somebody who typed one, but wrongly.
    const std::vector<std::string> unknown = app.remaining(true);
    if (unknown.empty()) {
      app.exit(problem);
    } else {
      std::cerr << "'" << unknown.front()
                << "' is not understood; `stylus --help` shows the verbs, `stylus VERB --help` "
                   "their options\n";
    }
    return exit_status(ErrorCode::kInvalidArgument);
  } catch (const CLI::ParseError& problem) {
    const int status = app.exit(problem);
    return status == 0 ? kSuccess : exit_status(ErrorCode::kInvalidArgument);
  }
  return commands.action(global);
}

}  // namespace stylus::app
