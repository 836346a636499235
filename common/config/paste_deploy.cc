#include "common/config/paste_deploy.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "common/config/errors.h"
#include "common/os/directory.h"
#include "common/os/path.h"
#include "common/python/ascii.h"
#include "common/python/text.h"
#include "common/python/url.h"

namespace ssync {
namespace {

constexpr IniRules kRules{IniDuplicates::refuse, IniNames::as_written, IniWhiteSpace::unicode};
constexpr int kMaxDepth = 32;
constexpr std::string_view kRemedy =
    "correct object_server_conf in [worker] or --object-server-conf, or remove it";

// os.path.normpath() of an absolute path.
std::string normal_path(const std::string& path) {
  std::string normal = std::filesystem::path(path).lexically_normal().string();
  if (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  return normal;
}

// str.split().
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view word : python::split_words(text, text.size())) words.emplace_back(word);
  return words;
}

// The part behind "scheme:", if the name begins with letters and ':' (_Loader._absolute_re).
std::optional<std::pair<std::string, std::string>> split_scheme(std::string_view name) {
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::string scheme = python::lower_ascii(name.substr(0, colon));
  if (!std::ranges::all_of(scheme, [](char c) { return c >= 'a' && c <= 'z'; })) return std::nullopt;
  return std::pair(scheme, std::string(name.substr(colon + 1)));
}

// What a section or a name is looked for as: PasteDeploy has other prefixes for each.
enum class Kind { application, filter };

// A section as a loader sees it (LoaderContext). `end` is another one if the application is at the end of a
// pipeline, and `filters` are what stands before it there.
struct Context {
  struct Filter {
    std::string name;
    std::unique_ptr<Context> loaded;  // null: only its name is known
  };

  IniSection global;
  IniSection local;
  std::optional<IniOption> factory;
  std::vector<Filter> filters;
  std::unique_ptr<Context> end;

  [[nodiscard]] const Context& application() const { return end ? end->application() : *this; }
  [[nodiscard]] IniSection config() const {
    IniSection config = local;
    config.insert(global.begin(), global.end());
    return config;
  }
  // Of a pipeline that ends in another one, those of both.
  void append_filters(std::vector<PasteFilter>& to) const {
    for (const auto& [name, loaded] : filters) {
      to.push_back(loaded ? PasteFilter{name, loaded->config(), loaded->factory} : PasteFilter{name, {}, {}});
    }
    if (end) end->append_filters(to);
  }
};

void override_with(IniSection& options, const IniSection& others) {
  for (const auto& [name, option] : others) options.insert_or_assign(name, option);
}

// One file or directory (ConfigLoader).
class Loader {
 public:
  Loader(const std::string& path, PasteNotes& notes) : file_(read(path, notes)), notes_(notes) {
    const bool directory = is_directory(path);
    const std::string whole = normal_path(path);
    defaults_ = file_.own_options("DEFAULT");
    add_default("here", directory ? whole : parent_of(whole));
    add_default("__file__", whole);
    relative_to_ = parent_of(path);
  }

  // Options that are global outside: those of [DEFAULT] here stay.
  void add_defaults(const IniSection& options) { defaults_.insert(options.begin(), options.end()); }

  [[nodiscard]] bool has(const std::string& name) const {
    return !sections_named(name, Kind::application).empty();
  }

  // get_context(). depth counts the sections on the way here.
  [[nodiscard]] std::unique_ptr<Context> load(const std::string& name, Kind kind,
                                              const IniSection& global_conf, int depth) const {
    if (depth > kMaxDepth) {
      throw ConfigError(one_line(file_.path() + ": '" + name +
                                 "': more than 32 sections use each other; remove the circle"));
    }
    const std::string section = section_named(name, kind);
    Parts parts = read_section(section, global_conf);
    if (section.starts_with("pipeline:")) return load_end(std::move(parts), section, "pipeline", depth);
    if (section.starts_with("filter-app:")) return load_end(std::move(parts), section, "next", depth);
    const auto use = parts.local.extract("use");
    if (!use.empty()) return load_used(std::move(parts), use.mapped(), kind, depth);
    auto context = std::make_unique<Context>();
    for (const char* factory : {"paste.app_factory", "paste.composite_factory", "paste.composit_factory",
                                "paste.filter_factory", "paste.filter_app_factory"}) {
      const auto named = parts.local.extract(factory);
      if (!named.empty()) context->factory = named.mapped();
    }
    context->global = std::move(parts.global);
    context->local = std::move(parts.local);
    context->filters = std::move(parts.filters);
    return context;
  }

 private:
  struct Parts {
    IniSection global;
    IniSection set;  // those of the global ones that are new here
    IniSection local;
    std::vector<Context::Filter> filters;  // filter-with
  };

  static IniFile read(const std::string& path, PasteNotes& notes) {
    if (is_directory(path)) return IniFile::of_directory(path, kRules, kRemedy, notes);
    return {path, kRules, kRemedy};
  }

  void add_default(const std::string& name, const std::string& value) {
    defaults_.try_emplace(name, IniOption{file_.path(), "DEFAULT", name, value});
  }

  // find_config_section(): of each group of prefixes, those of the first that is there.
  [[nodiscard]] std::vector<std::string> sections_named(const std::string& name, Kind kind) const {
    using Groups = std::vector<std::vector<std::string_view>>;
    static const Groups of_applications = {
        {"app:", "application:"}, {"composite:", "composit:"}, {"pipeline:"}, {"filter-app:"}};
    static const Groups of_filters = {{"filter:"}};
    const Groups& groups = kind == Kind::filter ? of_filters : of_applications;
    std::vector<std::string> found;
    for (const auto& group : groups) {
      const std::size_t before = found.size();
      for (const std::string_view prefix : group) {
        for (const std::string& section : file_.sections()) {
          if (section.starts_with(prefix) &&
              python::strip_utf8(std::string_view(section).substr(prefix.size())) == name) {
            found.push_back(section);
          }
        }
        if (found.size() > before) break;
      }
    }
    return found;
  }

  [[nodiscard]] std::string section_named(const std::string& name, Kind kind) const {
    const std::vector<std::string> found = sections_named(name, kind);
    if (found.empty()) {
      const std::string prefix = kind == Kind::filter ? "[filter:" : "[app:";
      throw ConfigError(one_line(file_.path() + ": missing section " + prefix + name +
                                 "]; add it, or correct what names it"));
    }
    if (found.size() > 1) {
      throw ConfigError(one_line(file_.path() + ": sections [" + found[0] + "] and [" + found[1] +
                                 "] have the same name; rename one"));
    }
    return found.front();
  }

  static IniOption with_value(IniOption option, std::string value) {
    option.value = std::move(value);
    return option;
  }

  [[nodiscard]] Parts read_section(const std::string& section, const IniSection& global_conf) const {
    IniSection scope = file_.own_options(section);
    scope.insert(defaults_.begin(), defaults_.end());
    const auto value = [](const IniOption& option, const IniSection& from) {
      return with_value(option, interpolate(option, from, IniInterpolation::lenient, kRules.names));
    };
    Parts parts;
    for (const auto& [name, option] : defaults_) parts.global.insert({name, value(option, defaults_)});
    override_with(parts.global, global_conf);
    std::vector<std::pair<std::string, IniOption>> gets;
    for (const auto& [name, option] : scope) {
      if (name.starts_with("set ")) {
        const std::string global(python::strip_utf8(std::string_view(name).substr(4)));
        parts.set.insert_or_assign(global, value(option, scope));
      } else if (name.starts_with("get ")) {
        gets.emplace_back(python::strip_utf8(std::string_view(name).substr(4)), value(option, scope));
      } else if (!defaults_.contains(name)) {
        parts.local.insert({name, value(option, scope)});
      } else if (option.section == section) {
        note_overridden(option);
      }
    }
    override_with(parts.global, parts.set);
    for (const auto& [name, option] : gets) {
      const auto global = parts.global.find(option.value);
      if (global == parts.global.end()) {
        throw bad_option(option, "no global option has this name; add it to [DEFAULT]");
      }
      parts.local.insert_or_assign(name, with_value(option, global->second.value));
    }
    if (const auto filter = parts.local.extract("filter-with"); !filter.empty()) {
      parts.filters.push_back({filter.mapped().value, nullptr});
    }
    parts.local.erase("require");
    return parts;
  }

  void note_overridden(const IniOption& option) const {
    const std::string note = option_text(option) + ": [DEFAULT] has it too, and only 'set " + option.name +
                             " = ...' overrides that";
    if (std::ranges::find(notes_, note) == notes_.end()) notes_.push_back(note);
  }

  // [pipeline:…] and [filter-app:…]: the application is another section's. What stands before it in a
  // pipeline are filters.
  [[nodiscard]] std::unique_ptr<Context> load_end(Parts parts, const std::string& section, const char* option,
                                                  int depth) const {
    const auto named = parts.local.extract(option);
    const std::vector<std::string> words =
        named.empty() ? std::vector<std::string>() : words_of(named.mapped().value);
    if (words.empty()) {
      throw ConfigError(
          one_line(file_.path() + ": [" + section + "] names no application; add '" + option + " = ...'"));
    }
    auto context = std::make_unique<Context>();
    context->end = load_named(words.back(), named.mapped(), Kind::application, parts.global, depth);
    context->filters = std::move(parts.filters);
    for (auto word = words.begin(); word != words.end() - 1; ++word) {
      context->filters.push_back({*word, load_filter(*word, named.mapped(), parts.global, depth)});
    }
    if (words.size() == 1 && section.starts_with("filter-app:")) {
      context->filters.push_back({"[" + section + "]", nullptr});
    }
    context->global = std::move(parts.global);
    context->local = std::move(parts.local);
    return context;
  }

  // nullptr for one that PasteDeploy refuses. Whether Swift's server starts with it is not ours to say: of a
  // filter no more is needed here than whether it is one that answers.
  [[nodiscard]] std::unique_ptr<Context> load_filter(const std::string& name, const IniOption& by,
                                                     const IniSection& global_conf, int depth) const {
    try {
      return load_named(name, by, Kind::filter, global_conf, depth);
    } catch (const ConfigError&) {
      return nullptr;
    }
  }

  // _context_from_use(): what is used, with this section's options over it.
  [[nodiscard]] std::unique_ptr<Context> load_used(Parts parts, const IniOption& use, Kind kind,
                                                   int depth) const {
    std::unique_ptr<Context> context = load_named(use.value, use, kind, parts.global, depth);
    override_with(context->global, parts.set);
    override_with(context->local, parts.local);
    context->filters.insert(context->filters.begin(), std::make_move_iterator(parts.filters.begin()),
                            std::make_move_iterator(parts.filters.end()));
    if (const auto file = parts.global.find("__file__"); file != parts.global.end()) {
      context->global.insert_or_assign("__file__", file->second);
    }
    return context;
  }

  [[nodiscard]] std::unique_ptr<Context> load_named(const std::string& name, const IniOption& by, Kind kind,
                                                    const IniSection& global_conf, int depth) const {
    const auto absolute = split_scheme(name);
    if (!absolute) return load(name, kind, global_conf, depth + 1);
    const auto& [scheme, rest] = *absolute;
    if (scheme == "config") return load_from_file(rest, by, kind, global_conf, depth);
    auto context = std::make_unique<Context>();
    context->global = global_conf;
    context->factory = with_value(by, name);
    return context;
  }

  // _loadconfig(): 'config:FILE' is the application 'main' of the file, 'config:FILE#NAME' another one.
  [[nodiscard]] std::unique_ptr<Context> load_from_file(const std::string& uri, const IniOption& by,
                                                        Kind kind, const IniSection& global_conf,
                                                        int depth) const {
    const std::size_t hash = std::min(uri.find('#'), uri.size());
    std::string path = uri.substr(0, hash);
    const std::string name = hash < uri.size() ? uri.substr(hash + 1) : "main";
    std::ranges::replace(path, '\\', '/');
    if (!path.starts_with('/')) path = relative_to_ + (relative_to_.ends_with('/') ? "" : "/") + path;
    path = std::string(python::strip_utf8(python::unquote(path)));
    if (is_directory(path)) throw bad_option(by, "names a directory; name a file");
    Loader other(path, notes_);
    other.add_defaults(global_conf);
    return other.load(name, kind, global_conf, depth + 1);
  }

  IniFile file_;
  IniSection defaults_;
  std::string relative_to_;
  PasteNotes& notes_;
};

}  // namespace

std::optional<PasteApplication> load_paste_application(const std::string& path, const std::string& name,
                                                       const IniSection& global_conf, PasteNotes& notes) {
  Loader loader(path, notes);
  if (!loader.has(name)) return std::nullopt;
  loader.add_defaults(global_conf);
  const std::unique_ptr<Context> context = loader.load(name, Kind::application, global_conf, 1);
  const Context& application = context->application();
  PasteApplication loaded{context->config(), application.config(), application.factory, {}};
  context->append_filters(loaded.filters);
  return loaded;
}

std::string option_text(const IniOption& option) {
  return one_line("[" + option.section + "] " + option.name + " = " + printable_value(option) + " (" +
                  option.file + ")");
}

}  // namespace ssync
