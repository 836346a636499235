#include "common/config/ini_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "common/config/errors.h"
#include "tests/temporary_directory.h"
#include "tests/unit/thrown_message.h"

namespace ssync {
namespace {

using ::testing::HasSubstr;

class IniFileTest : public ::testing::Test {
 protected:
  IniFileTest() : path_(::testing::TempDir() + "ini_file_test." + std::to_string(getpid())) {}
  ~IniFileTest() override { std::filesystem::remove(path_); }

  IniFile load(const std::string& text, IniDuplicates duplicates = IniDuplicates::last_wins,
               IniNames names = IniNames::lower_case, IniWhiteSpace white_space = IniWhiteSpace::ascii) {
    std::ofstream(path_, std::ios::binary) << text;
    return IniFile{path_, {duplicates, names, white_space}, "create it"};
  }

  std::string error_of(const std::string& text, IniDuplicates duplicates = IniDuplicates::last_wins) {
    return thrown_message<ConfigError>([&] { load(text, duplicates); });
  }

  std::string path_;
};

TEST_F(IniFileTest, ReadsValuesAsPythonDoes) {
  struct Case {
    const char* text;
    std::string expected;
  };
  const Case cases[] = {
      {"[s]\nx = 1\n", "1"},
      {"[s]\r\nx = 1\r\n", "1"},
      {"[s]\nx=1", "1"},
      {"[s]\nx : 1\n", "1"},
      {"[s]\nX =   1  \n", "1"},
      {"[s]\nx =\n", ""},
      {"[s]\nx = a = b : c\n", "a = b : c"},
      {"[s]\nx = a ; b # c\n", "a ; b # c"},
      {"[s]\n# a comment\n; one more\n  # and an indented one\nx = 1\n", "1"},
      {"[s]\nx = 1\n  two\n\tthree = 3\n", "1\ntwo\nthree = 3"},
      {"[s]\nx = 1\n\n\n  two\n", "1\n\n\ntwo"},
      {"[s]\nx = 1\n# between\n  [two]\n", "1\n[two]"},
      {"[s]\n  x = 1\n  y = 2\n", "1"},
      {"[s]\n  x = 1\n    two\n  y = 2\n", "1\ntwo"},
      {"[s]\nx = \xff\xe9\x01\n", "\xff\xe9\x01"},
      {"[s]\nx = 1\nx = 2\n", "2"},
      {"[s]\nx = 1\n[t]\nx = 3\n[s]\nx = 2\n", "2"},
      {"[s]\rx = 1\ry = 2", "1"},
      {"[s] # the rest of the line is no part of it\nx = 1\n", "1"},
  };
  for (const Case& c : cases) {
    const IniFile file = load(c.text);
    ASSERT_TRUE(file.own_options("s").contains("x")) << c.text;
    EXPECT_EQ(file.own_options("s").at("x").value, c.expected) << c.text;
  }
}

TEST_F(IniFileTest, KeepsLongLinesAndNamesWhole) {
  const std::string name(90, 'n');
  const std::string value(100000, 'v');
  const IniFile file = load("[s]\n" + name + " = " + value + "\n  " + value + "\n");
  EXPECT_EQ(file.own_options("s").at(name).value, value + "\n" + value);
}

TEST_F(IniFileTest, SectionNamesAreCaseSensitiveAndKeptInOrder) {
  const IniFile file = load("[b]\n[A]\nx = 1\n[DEFAULT]\n[a]\nx = 2\n[b]\n");
  EXPECT_EQ(file.sections(), (std::vector<std::string>{"b", "A", "a"}));
  EXPECT_EQ(file.own_options("A").at("x").value, "1");
  EXPECT_EQ(file.own_options("a").at("x").value, "2");
  EXPECT_TRUE(file.own_options("none").empty());
}

TEST_F(IniFileTest, ASectionsNameEndsAtTheLastBracketAndMayBeLong) {
  const std::string name(200, 's');
  EXPECT_EQ(load("[" + name + "]\n[a]b]\n[ c ]\n").sections(),
            (std::vector<std::string>{name, "a]b", " c "}));
}

TEST_F(IniFileTest, KeepsTheCaseOfNamesWhereAsked) {
  const IniFile file = load("[s]\nX = 1\nx = 2\ny = %(X)s\n", IniDuplicates::refuse, IniNames::as_written);
  const IniSection options = file.options("s", IniInterpolation::basic);
  EXPECT_EQ(options.at("X").value, "1");
  EXPECT_EQ(options.at("x").value, "2");
  EXPECT_EQ(options.at("y").value, "1");
}

TEST_F(IniFileTest, StripsUnicodeSpaceOnlyWhereAsked) {
  const std::string text = "[s]\n\xc2\xa0y\xc2\xa0=\xc2\xa0 1\xe3\x80\x80\nx\xc2\xa0= 2\n";
  const IniFile unicode = load(text, IniDuplicates::refuse, IniNames::as_written, IniWhiteSpace::unicode);
  EXPECT_EQ(unicode.own_options("s").at("y").value, "1");
  EXPECT_EQ(unicode.own_options("s").at("x").value, "2");
  const IniFile ascii = load(text);
  EXPECT_EQ(ascii.own_options("s").at("\xc2\xa0y\xc2\xa0").value, "\xc2\xa0 1\xe3\x80\x80");
}

class IniDirectoryTest : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const { directory_.write(name, text); }
  IniFile load() {
    return IniFile::of_directory(directory_.path(),
                                 {IniDuplicates::refuse, IniNames::as_written, IniWhiteSpace::unicode},
                                 "create it", skipped_);
  }
  TemporaryDirectory directory_;
  std::vector<std::string> skipped_;
};

TEST_F(IniDirectoryTest, LaterFilesGoOverEarlierOnes) {
  write("20.conf", "[s]\nx = 20\n[t]\nw = 1\n");
  write("10.conf", "[DEFAULT]\nz = 10\n[s]\nx = 10\ny = 10\n");
  write(".hidden.conf", "no configuration at all");
  write("30.conf~", "no configuration at all");
  write("30.CONF", "no configuration at all");
  const IniFile file = load();
  EXPECT_EQ(file.sections(), (std::vector<std::string>{"s", "t"}));
  EXPECT_EQ(file.own_options("s").at("x").value, "20");
  EXPECT_EQ(file.own_options("s").at("x").file, directory_.path() + "/20.conf");
  EXPECT_EQ(file.own_options("s").at("y").value, "10");
  EXPECT_EQ(file.own_options("DEFAULT").at("z").value, "10");
  EXPECT_TRUE(skipped_.empty());
}

TEST_F(IniDirectoryTest, WhatCannotBeReadIsSkippedAndNamed) {
  write("10.conf", "[s]\nx = 10\n");
  std::filesystem::create_symlink("nowhere", directory_.path() + "/20.conf");
  std::filesystem::create_directory(directory_.path() + "/30.conf");
  EXPECT_EQ(load().own_options("s").at("x").value, "10");
  EXPECT_EQ(
      skipped_,
      (std::vector<std::string>{
          directory_.path() + "/20.conf: skipped, as Swift does: cannot be read: No such file or directory",
          directory_.path() + "/30.conf: skipped, as Swift does: cannot be read: Is a directory"}));
}

TEST_F(IniDirectoryTest, DuplicatesAreRefusedInOneFileAndAMistakeNamesItsFile) {
  write("10.conf", "[s]\nx = 10\n");
  write("20.conf", "[s]\nx = 1\nx = 2\n");
  try {
    load();
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.what(), directory_.path() + "/20.conf:3: duplicate option 'x' in [s]; remove one");
  }
}

TEST_F(IniFileTest, NamesFileAndLineOfWhatDoesNotParse) {
  struct Case {
    std::string text;
    std::string error;
  };
  const Case cases[] = {
      {"[s]\nx = 1\nfoo\n", ":3: neither"},
      {"[s\n", ":1: section name must be enclosed"},
      {"[]\n", ":1: section name must be enclosed"},
      {"x = 1\n", ":1: option before the first [section]"},
      {"[s]\n = 1\n", ":2: option without a name"},
      {"\xef\xbb\xbf[s]\nx = 1\n", ":1: begins with a byte order mark"},
      {std::string("[s]\nx = \0\n", 10), ":2: contains a NUL byte"},
      {"[s]\nx = " + std::string(2 << 20, 'v') + "\n", ":2: line is longer than 1048575 bytes"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(error_of(c.text), HasSubstr(path_ + c.error)) << c.text.substr(0, 80);
  }
}

TEST_F(IniFileTest, RefusesDuplicatesWhereAsked) {
  EXPECT_THAT(error_of("[s]\nx = 1\nX = 2\n", IniDuplicates::refuse),
              HasSubstr(":3: duplicate option 'x' in [s]"));
  EXPECT_THAT(error_of("[s]\nx = 1\n[s]\n", IniDuplicates::refuse), HasSubstr(":3: duplicate section [s]"));
  EXPECT_EQ(error_of("[s]\nx = 1\n[t]\nx = 1\n", IniDuplicates::refuse), "no error");
}

TEST_F(IniFileTest, MissingFileIsAnErrorWithTheRemedy) {
  constexpr IniRules kRules{IniDuplicates::last_wins, IniNames::lower_case, IniWhiteSpace::ascii};
  try {
    const IniFile file("/nonexistent/x.conf", kRules, "create it");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "/nonexistent/x.conf: cannot be read: No such file or directory; create it");
  }
  try {
    const IniFile file("/", kRules, "create it");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("Is a directory"));
  }
}

TEST_F(IniFileTest, InterpolatesPercentSigns) {
  struct Case {
    const char* value;
    const char* basic;  // nullptr: an error
    const char* lenient;
  };
  const Case cases[] = {
      {"a%%b", "a%b", "a%%b"},    {"1%", nullptr, "1%"},          {"%d", nullptr, "%d"},
      {"%(y)s!", "yes!", "yes!"}, {"%(Y)s", "yes", "yes"},        {"%(z)s", "from default", "from default"},
      {"%(w)s", "%yes", "%yes"},  {"%(nope)s", nullptr, nullptr}, {"%(y)d", nullptr, nullptr},
      {"%(y", nullptr, nullptr},  {"%()s", nullptr, nullptr},     {"%(x)s", nullptr, nullptr},
  };
  for (const Case& c : cases) {
    const IniFile file =
        load(std::string("[DEFAULT]\nz = from default\n[s]\ny = yes\nw = %%%(y)s\nx = ") + c.value + "\n");
    for (const auto& [mode, expected] :
         {std::pair{IniInterpolation::basic, c.basic}, std::pair{IniInterpolation::lenient, c.lenient}}) {
      if (expected == nullptr) {
        EXPECT_THROW(static_cast<void>(file.options("s", mode)), ConfigError) << c.value;
      } else {
        EXPECT_EQ(file.options("s", mode).at("x").value, expected) << c.value;
      }
    }
  }
}

TEST_F(IniFileTest, InterpolationIsBounded) {
  std::string text = "[s]\na0 = " + std::string(1000, 'x') + "\n";
  for (int i = 1; i < 9; ++i) {
    text += "a" + std::to_string(i) + " =";
    for (int j = 0; j < 10; ++j) text += " %(a" + std::to_string(i - 1) + ")s";
    text += "\n";
  }
  const IniFile file = load(text);
  EXPECT_THROW(static_cast<void>(file.options("s", IniInterpolation::basic)), ConfigError);
}

TEST_F(IniFileTest, SectionOverridesDefault) {
  const IniFile file = load("[s]\nx = 1\n[DEFAULT]\nx = 0\ny = 0\n");
  const IniSection options = file.options("s", IniInterpolation::basic);
  EXPECT_EQ(options.at("x").value, "1");
  EXPECT_EQ(options.at("y").value, "0");
}

TEST_F(IniFileTest, BadOptionIsOneLine) {
  const IniOption option{"/f", "s", "x", "a\nb\x01"};
  EXPECT_STREQ(bad_option(option, "no; use 1").what(), "/f: [s] x = a\\nb\\x01: no; use 1");
}

}  // namespace
}  // namespace ssync
