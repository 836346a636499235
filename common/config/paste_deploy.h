// PasteDeploy's configurations of applications: sections, what they use, and what each passes on.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/config/ini_file.h"

namespace ssync {

// A filter: what its factory gets, and what names the factory. Only its name is known of one that is not
// configured, or wrongly, and of those of filter-with and [filter-app:…].
struct PasteFilter {
  std::string name;
  IniSection config;
  std::optional<IniOption> factory;
};

struct PasteApplication {
  // What appconfig() returns of the section: its options over those that are global there.
  IniSection config;
  // What the application's factory gets: of a pipeline, the application at its end.
  IniSection application;
  // The option that names the factory, e.g. `use = egg:swift#object`.
  std::optional<IniOption> factory;
  // What stands before the application, from the outside to the inside.
  std::vector<PasteFilter> filters;
};

// What PasteDeploy passes over in silence: lines for an operator.
using PasteNotes = std::vector<std::string>;

// The application with this name in a file, or in a directory's files *.conf, as Swift's appconfig() and
// loadapp() read it (swift.common.wsgi, paste.deploy.loadwsgi): an option of [DEFAULT] overrides a plain one
// of a section, only `set name = value` overrides [DEFAULT]; `get name = other` takes a global option; `use`
// goes on in another section or, with config:FILE#NAME, in another file; a pipeline passes its options on.
// global_conf are options that are global from the outset. nullopt if the file has no such application.
// Throws ConfigError for what PasteDeploy refuses but of filters, and for more than 32 sections that use each
// other.
std::optional<PasteApplication> load_paste_application(const std::string& path, const std::string& name,
                                                       const IniSection& global_conf, PasteNotes& notes);

// How an option that is overridden reads in an operator's list: "[section] option = value (file)".
std::string option_text(const IniOption& option);

}  // namespace ssync
