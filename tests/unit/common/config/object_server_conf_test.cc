#include "common/config/object_server_conf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "common/config/errors.h"
#include "tests/temporary_directory.h"

namespace ssync {
namespace {

using ::testing::HasSubstr;

class ObjectServerConfTest : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const { directory_.write(name, text); }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_.path() + "/" + name; }

  // The options as "name = value" lines, without log_name, which is always there.
  std::vector<std::string> options_of(const std::string& name = "o.conf") {
    std::vector<std::string> lines;
    notes_.clear();
    for (const auto& [option, written] : read_object_server_conf(path(name), notes_).options) {
      if (option != "log_name") lines.push_back(option + " = " + written.value);
    }
    return lines;
  }
  std::vector<std::string> options_in(const std::string& text) {
    write("o.conf", text);
    return options_of();
  }
  std::string error_in(const std::string& text) {
    try {
      options_in(text);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no error";
  }

  TemporaryDirectory directory_;
  std::vector<std::string> notes_;
};

using Lines = std::vector<std::string>;

TEST_F(ObjectServerConfTest, GivesTheApplicationWhatPasteDeployDoes) {
  struct Case {
    const char* text;
    Lines options;
  };
  const Case cases[] = {
      {"[app:object-server]\na = 1\n", {"a = 1"}},
      {"[DEFAULT]\na = 0\n[app:object-server]\nuse = egg:swift#object\na = 1\nb = 2\n", {"a = 0", "b = 2"}},
      {"[DEFAULT]\na = 0\n[app:object-server]\nuse = egg:swift#object\nset a = 1\n", {"a = 1"}},
      {"[DEFAULT]\nset a = 0\n[app:object-server]\nuse = egg:swift#object\n", {"a = 0"}},
      {"[DEFAULT]\na = 0\n[app:object-server]\nuse = egg:swift#object\nget b = a\n", {"a = 0", "b = 0"}},
      {"[app:object-server]\nuse = egg:swift#object\nset a = 1\nget b = a\n", {"a = 1", "b = 1"}},
      {"[app:object-server]\nuse = egg:swift#object\nset a = 1\na = 2\n", {"a = 2"}},
      {"[pipeline:main]\npipeline = recon object-server\nset a = 1\n[app:object-server]\nuse = "
       "egg:swift#object\n",
       {"a = 1"}},
      {"[DEFAULT]\na = 0\n[pipeline:main]\npipeline = recon object-server\nset a = 1\n"
       "[app:object-server]\nuse = egg:swift#object\n",
       {"a = 1"}},
      {"[pipeline:main]\npipeline = recon object-server\nset user = x\n"
       "[app:object-server]\nuse = egg:swift#object\nset user = y\n",
       {"user = y"}},
      {"[app:object-server]\nuse = base\na = 1\n[app:base]\nuse = egg:swift#object\na = 2\nb = 3\n",
       {"a = 1", "b = 3"}},
      {"[app:object-server]\nuse = base\nset a = 1\n[app:base]\nuse = egg:swift#object\na = 2\n", {"a = 2"}},
      {"[filter-app:main]\nuse = egg:swift#recon\nnext = object-server\n[app:object-server]\n"
       "use = egg:swift#object\na = 1\n",
       {"a = 1"}},
      {"[app:object-server]\npaste.app_factory = swift.obj.server:app_factory\na = 1\n", {"a = 1"}},
      {"[app:object-server]\nuse = call:swift.obj.server:app_factory\na = 1\n", {"a = 1"}},
      {"[application: object-server]\nuse = EGG:Swift#object\na = 1\n", {"a = 1"}},
      {"[app:object-server]\nuse = egg:swift#object\nX = %(Y)s\nY = 1\nrequire = swift\n",
       {"X = 1", "Y = 1"}},
      {"[DEFAULT]\na = 0\n[app:object-server]\nuse = egg:swift#object\na = %(nowhere)s\n", {"a = 0"}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(options_in(c.text), c.options) << c.text;
  }
}

// run_wsgi() reads these of [app:object-server] alone.
TEST_F(ObjectServerConfTest, APipelineDoesNotSetWhatIsReadBeforeIt) {
  const char* const text =
      "[pipeline:main]\npipeline = object-server\nset replication_concurrency = 9\nset mount_check = no\n"
      "[app:object-server]\nuse = egg:swift#object\n";
  EXPECT_EQ(options_in(text), (Lines{"mount_check = no"}));
}

TEST_F(ObjectServerConfTest, NamesTheLogAsSwiftDoes) {
  const auto log_name = [&](const std::string& text) {
    write("o.conf", text);
    return read_object_server_conf(path("o.conf"), notes_).options.at("log_name").value;
  };
  EXPECT_EQ(log_name("[app:object-server]\n"), "object-server");
  EXPECT_EQ(log_name("[DEFAULT]\nlog_name = x\n[app:object-server]\n"), "x");
  EXPECT_EQ(log_name("[pipeline:main]\npipeline = object-server\n[app:object-server]\nlog_name = x\n"), "x");
  EXPECT_EQ(log_name("[pipeline:main]\npipeline = object-server\nset log_name = y\n[app:object-server]\n"),
            "y");
  EXPECT_EQ(log_name("[DEFAULT]\nset log_name = y\n[pipeline:main]\npipeline = object-server\n"
                     "[app:object-server]\nlog_name = x\n"),
            "y")
      << "the pipeline's options, x among them, are global for the application";
}

TEST_F(ObjectServerConfTest, UsesAnotherFile) {
  std::filesystem::create_directory(path("sub"));
  write("base.conf",
        "[DEFAULT]\na = base\nd = base\nfile = %(__file__)s\n[app:main]\nuse = egg:swift#object\n"
        "b = base\nc = base\n[app:other]\nuse = egg:swift#object\nb = other\n");
  EXPECT_EQ(options_in("[DEFAULT]\na = mine\n[app:object-server]\nuse = config:base.conf\nb = mine\n"),
            (Lines{"a = mine", "b = mine", "c = base", "d = base", "file = " + path("base.conf")}));
  EXPECT_EQ(options_in("[app:object-server]\nuse = config:base%2Econf#other\n"),
            (Lines{"a = base", "b = other", "d = base", "file = " + path("base.conf")}));
  EXPECT_EQ(options_in("[DEFAULT]\nc = mine\n[app:object-server]\nuse = config:%(here)s/sub/../base.conf\n"),
            (Lines{"a = base", "b = base", "c = mine", "d = base", "file = " + path("base.conf")}))
      << "what is global outside is global inside";
}

TEST_F(ObjectServerConfTest, ReadsADirectory) {
  std::filesystem::create_directory(path("o.conf.d"));
  write("o.conf.d/10.conf", "[DEFAULT]\na = 1\n[app:object-server]\nuse = egg:swift#object\nb = 1\n");
  write("o.conf.d/20.conf", "[app:object-server]\nb = 2\n[DEFAULT]\nc = %(here)s\n");
  EXPECT_EQ(options_of("o.conf.d"), (Lines{"a = 1", "b = 2", "c = " + path("o.conf.d")}));
}

TEST_F(ObjectServerConfTest, NotesWhatPasteDeployPassesOver) {
  options_in("[DEFAULT]\na = 0\n[pipeline:main]\npipeline = object-server\n[app:object-server]\na = 1\n");
  EXPECT_EQ(notes_, (Lines{"[app:object-server] a = 1 (" + path("o.conf") +
                           "): [DEFAULT] has it too, and only 'set a = ...' overrides that"}));
}

TEST_F(ObjectServerConfTest, RefusesAnotherServer) {
  for (const char* use : {"egg:swift#mem_object", "egg:swift#proxy", "egg:swift_other#object", "egg:swift",
                          "call:my.server:app_factory", "python:x", "egg:object#swift"}) {
    EXPECT_THAT(
        error_in(std::string("[app:object-server]\nuse = ") + use + "\n"),
        HasSubstr(path("o.conf") + ": [app:object-server] use = " + use + ": not Swift's own object server"))
        << use;
  }
  EXPECT_THAT(error_in("[app:object-server]\npaste.app_factory = my.server:app_factory\n"),
              HasSubstr("paste.app_factory = my.server:app_factory: not Swift's own object server"));
  EXPECT_THAT(error_in("[pipeline:main]\npipeline = mine\n[app:mine]\nuse = egg:mine#object\n"
                       "[app:object-server]\nuse = egg:swift#object\n"),
              HasSubstr("[app:mine] use = egg:mine#object: not Swift's own object server"));
}

TEST_F(ObjectServerConfTest, MistakesAreOneLineWithARemedy) {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"[DEFAULT]\na = 1\n", "missing section [app:object-server]"},
      {"[app:object-server]\nuse = object-server\n", "more than 32 sections use each other"},
      {"[app:object-server]\nuse = config:o.conf#object-server\n", "more than 32 sections use each other"},
      {"[pipeline:object-server]\npipeline = object-server\n", "more than 32 sections use each other"},
      {"[app:object-server]\nuse = other\n", "missing section [app:other]"},
      {"[app:object-server]\nuse = config:other.conf\n", "other.conf: cannot be read: No such file"},
      {"[app:object-server]\nuse = config:o.conf%00x\n", "cannot be read: No such file"},
      {"[app:object-server]\nuse = config:.\n", "use = config:.: names a directory"},
      {"[app:object-server]\n[app: object-server]\n", "have the same name"},
      {"[app:object-server]\n[pipeline:object-server]\n", "have the same name"},
      {"[pipeline:main]\n[app:object-server]\n", "[pipeline:main] names no application"},
      {"[app:object-server]\nget a = b\n", "get a = b: no global option has this name"},
      {"[app:object-server]\na = %(nope)s\n", "'%(nope)s' is not an option"},
      {"[app:object-server]\na = 1\na = 2\n", "duplicate option 'a'"},
  };
  for (const Case& c : cases) {
    const std::string error = error_in(c.text);
    EXPECT_THAT(error, HasSubstr(c.error)) << c.text;
    EXPECT_THAT(error, ::testing::Not(HasSubstr("\n"))) << c.text;
  }
}

}  // namespace
}  // namespace ssync
