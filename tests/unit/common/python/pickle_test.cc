#include "common/python/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <limits>
#include <memory>
#include <random>
#include <sstream>

#include "common/python/errors.h"
#include "common/python/hex.h"
#include "tests/unit/thrown_message.h"

namespace ssync::pickle {
namespace {

using std::string_literals::operator""s;
using testing::HasSubstr;

Value integer(std::int64_t value) { return {value}; }
Value bytes(std::string data) { return {Bytes{std::move(data)}}; }
Value text(std::string utf8) { return {Text{std::move(utf8)}}; }
Value list(List items) { return {std::move(items)}; }
Value tuple(List items) { return {Tuple{std::move(items)}}; }
Value dict(Dict items) { return {std::move(items)}; }

std::string to_hex(std::string_view data) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : data) {
    out += kDigits[static_cast<unsigned char>(c) >> 4U];
    out += kDigits[static_cast<unsigned char>(c) & 0xFU];
  }
  return out;
}

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

std::string error_of(std::string_view data) {
  return thrown_message<Error>([&] { load(data); });
}

struct Sample {
  std::string pickle;
  Value value;
};

constexpr auto kMaxInt = std::numeric_limits<std::int64_t>::max();
constexpr auto kMinInt = std::numeric_limits<std::int64_t>::min();

// What pickle.dumps(value, 2) of CPython 3.11 gives.
std::vector<Sample> golden() {
  return {
      {"\x80\x02N."s, {None{}}},
      {"\x80\x02\x88."s, {true}},
      {"\x80\x02\x89."s, {false}},
      {"\x80\x02K\x00."s, integer(0)},
      {"\x80\x02K\xff."s, integer(255)},
      {"\x80\x02M\x00\x01."s, integer(256)},
      {"\x80\x02M\xff\xff."s, integer(65535)},
      {"\x80\x02J\x00\x00\x01\x00."s, integer(65536)},
      {"\x80\x02J\xff\xff\xff\xff."s, integer(-1)},
      {"\x80\x02J\xff\xff\xff\x7f."s, integer(2147483647)},
      {"\x80\x02\x8a\x05\x00\x00\x00\x80\x00."s, integer(2147483648)},
      {"\x80\x02J\x00\x00\x00\x80."s, integer(-2147483648LL)},
      {"\x80\x02\x8a\x05\xff\xff\xff\x7f\xff."s, integer(-2147483649LL)},
      {"\x80\x02\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f."s, integer(kMaxInt)},
      {"\x80\x02\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80."s, integer(kMinInt)},
      {"\x80\x02\x8a\x06\x00\x00\x00\x00\x80\x00."s, integer(std::int64_t{1} << 39U)},
      {"\x80\x02G?\xf8\x00\x00\x00\x00\x00\x00."s, {1.5}},
      {"\x80\x02X\x00\x00\x00\x00q\x00."s, text("")},
      {"\x80\x02X\x02\x00\x00\x00\xc3\xa9q\x00."s, text("\xc3\xa9")},
      {"\x80\x02X\x03\x00\x00\x00\xe2\x82\xacq\x00."s, text("\xe2\x82\xac")},
      {"\x80\x02"
       "c__builtin__\nbytes\nq\x00)Rq\x01."s,
       bytes("")},
      {"\x80\x02"
       "c_codecs\nencode\nq\x00X\x02\x00\x00\x00\xc3\xa9q\x01X\x06\x00\x00\x00latin1q\x02\x86q\x03Rq\x04."s,
       bytes("\xe9")},
      {"\x80\x02]q\x00."s, list({})},
      {"\x80\x02]q\x00K\x01"
       "a."s,
       list({integer(1)})},
      {"\x80\x02]q\x00(K\x01K\x02"
       "e."s,
       list({integer(1), integer(2)})},
      {"\x80\x02)."s, tuple({})},
      {"\x80\x02K\x01\x85q\x00."s, tuple({integer(1)})},
      {"\x80\x02K\x01K\x02\x86q\x00."s, tuple({integer(1), integer(2)})},
      {"\x80\x02K\x01K\x02K\x03\x87q\x00."s, tuple({integer(1), integer(2), integer(3)})},
      {"\x80\x02(K\x01K\x02K\x03K\x04tq\x00."s, tuple({integer(1), integer(2), integer(3), integer(4)})},
      {"\x80\x02}q\x00."s, dict({})},
      {"\x80\x02}q\x00K\x01K\x02s."s, dict({{integer(1), integer(2)}})},
      // Metadata of an object.
      {"\x80\x02}q\x00(c_codecs\nencode\nq\x01X\x0e\x00\x00\x00"
       "Content-Lengthq\x02X\x06\x00\x00\x00latin1q\x03"
       "\x86q\x04Rq\x05h\x01X\x01\x00\x00\x00"
       "3q\x06h\x03\x86q\x07Rq\x08h\x01X\x04\x00\x00\x00nameq\x09h\x03"
       "\x86q\nRq\x0bh\x01X\x06\x00\x00\x00/a/c/oq\x0ch\x03\x86q\x0dRq\x0eh\x01X\x04\x00\x00\x00"
       "ETagq\x0fh\x03"
       "\x86q\x10Rq\x11"
       "c__builtin__\nbytes\nq\x12)Rq\x13u."s,
       dict({{bytes("Content-Length"), bytes("3")},
             {bytes("name"), bytes("/a/c/o")},
             {bytes("ETag"), bytes("")}})},
      // CPython's single objects are memoised once.
      {"\x80\x02]q\x00(c__builtin__\nbytes\nq\x01)Rq\x02h\x02"
       "e."s,
       list({bytes(""), bytes("")})},
      {"\x80\x02]q\x00(c_codecs\nencode\nq\x01X\x01\x00\x00\x00"
       "aq\x02X\x06\x00\x00\x00latin1q\x03\x86q\x04Rq\x05"
       "h\x02h\x05"
       "e."s,
       list({bytes("a"), text("a"), bytes("a")})},
      {"\x80\x02]q\x00(X\x00\x00\x00\x00q\x01h\x01]q\x02]q\x03"
       "e."s,
       list({text(""), text(""), list({}), list({})})},
      // hashes.pkl of a partition.
      {"\x80\x02}q\x00(X\x03\x00\x00\x00"
       "abcq\x01}q\x02NX\x08\x00\x00\x00"
       "d41d8cd9q\x03sX\x03\x00\x00\x00"
       "defq"
       "\x04NX\x07\x00\x00\x00updatedq\x05GA\xd9T\xfc@\x10\x00\x00X\x05\x00\x00\x00validq\x06\x88u."s,
       dict({{text("abc"), dict({{{None{}}, text("d41d8cd9")}})},
             {text("def"), {None{}}},
             {text("updated"), {1700000000.25}},
             {text("valid"), {true}}})},
  };
}

// Other spellings that the reader meets: Python 2's, other protocols', and rarer opcodes.
std::vector<Sample> foreign() {
  const Value one = dict({{bytes("k"), bytes("v")}});
  const Value headers = dict({{text("X-Foo"), text("bar")}});
  return {
      {"\x80\x02}q\x01U\x01kq\x02U\x01vq\x03s."s, one},
      {"(dp0\nU\x01kU\x01vs."s, one},
      {"(dp0\nS'k'\np1\nS\"v\"\np2\ns."s, one},
      {"}q\x00(T\x01\x00\x00\x00kT\x01\x00\x00\x00vu."s, one},
      {"(U\x01kU\x01v"
       "d."s,
       one},
      {"\x80\x03}q\x00"
       "C\x01kq\x01"
       "B\x01\x00\x00\x00vq\x02s."s,
       one},
      {"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00}\x94"
       "C\x01k\x94"
       "C\x01v\x94s."s,
       one},
      {"\x8e\x01\x00\x00\x00\x00\x00\x00\x00v."s, bytes("v")},
      {"\x8d\x01\x00\x00\x00\x00\x00\x00\x00v."s, text("v")},
      {"(dp0\nc_codecs\nencode\np1\n(Vk\np2\nVlatin1\np3\ntp4\nRp5\ng1\n(Vv\np6\ng3\ntp7\nRp8\ns."s, one},
      {"ccopy_reg\n_reconstructor\np0\n(cswift.common.header_key_dict\nHeaderKeyDict\np1\nc__builtin__"
       "\ndict\np2\n"
       "(dp3\nVX-Foo\np4\nVbar\np5\nstp6\nRp7\n."s,
       headers},
      {"\x80\x02"
       "cswift.common.header_key_dict\nHeaderKeyDict\nq\x00)\x81q\x01X\x05\x00\x00\x00X-Fooq\x02X\x03\x00"
       "\x00\x00"
       "barq\x03s."s,
       headers},
      {"\x80\x04\x8c\x1cswift.common.header_key_dict\x94\x8c\x0dHeaderKeyDict\x94\x93\x94)\x81\x94\x8c\x05X-"
       "Foo\x94"
       "\x8c\x03"
       "bar\x94s."s,
       headers},
      {"I01\n."s, {true}},
      {"I00\n."s, {false}},
      {"I-7\n."s, integer(-7)},
      {"L9223372036854775807L\n."s, integer(kMaxInt)},
      {"F-1.5\n."s, {-1.5}},
      {"F1e+16\n."s, {1e16}},
      {"F-inf\n."s, {-std::numeric_limits<double>::infinity()}},
      {"\x8a\x00."s, integer(0)},
      {"\x8a\x0a\xfe\xff\xff\xff\xff\xff\xff\xff\xff\xff."s, integer(-2)},
      {"\x8b\x02\x00\x00\x00\x00\x01."s, integer(256)},
      {"S'\\'\\\\\\n\\x41\\101\\7\\q'\n."s, bytes("'\\\nAA\a\\q")},
      {"V\\u20ac\\U0001f600\\q\\\\u\xe9\n."s, text("\xe2\x82\xac\xf0\x9f\x98\x80\\q\\\\u\xc3\xa9")},
      {"X\x03\x00\x00\x00\xed\xa0\x80."s, text("\xed\xa0\x80")},
      {"(K\x01K\x02l."s, list({integer(1), integer(2)})},
      {"K\x01K\x02"
       "0."s,
       integer(1)},
      {"K\x01(K\x02K\x03"
       "1."s,
       integer(1)},
      {"K\x01(0."s, integer(1)},
      {"K\x01"
       "2\x86."s,
       tuple({integer(1), integer(1)})},
      {"]r\x00\x01\x00\x00j\x00\x01\x00\x00K\x05"
       "a."s,
       list({integer(5)})},
      // Filled after it was put into another container, as CPython writes shared containers.
      {"]]q\x00"
       "ah\x00K\x05"
       "a0."s,
       list({list({integer(5)})})},
      // A repeated key keeps its place and takes the last value; 1, 1.0 and True are one key.
      {"}(K\x01K\x02U\x01kNG?\xf0\x00\x00\x00\x00\x00\x00K\x03\x88K\x04u."s,
       dict({{integer(1), integer(4)}, {bytes("k"), {None{}}}})},
      {"N.trailing"s, {None{}}},
  };
}

TEST(PickleDumpTest, WritesCPythonsBytes) {
  for (const Sample& sample : golden()) EXPECT_EQ(to_hex(dump(sample.value)), to_hex(sample.pickle));
}

TEST(PickleDumpTest, EndsFullBatchesOfADictWithAnEmptyOne) {
  const auto count = [](const std::string& data, std::string_view part) {
    return data.find(part) != std::string::npos;
  };
  Dict items;
  for (std::int64_t i = 0; i < 1000; ++i) items.emplace_back(integer(i), Value{None{}});
  EXPECT_TRUE(dump(dict(items)).ends_with("Nu(u."));
  items.emplace_back(integer(1000), Value{None{}});
  EXPECT_TRUE(count(dump(dict(items)), "Nu(M\xe8\x03Nu."));
  List values(1000, Value{None{}});
  EXPECT_TRUE(dump(list(values)).ends_with("NNe."));
}

TEST(PickleDumpTest, RefusesTooDeepValues) {
  Value value = list({});
  for (std::size_t i = 0; i < kMaxDepth; ++i) value = list({value});
  EXPECT_NO_THROW(load(dump(value)));
  EXPECT_THROW(dump(list({value})), Error);
}

TEST(PickleLoadTest, ReadsWhatIsWritten) {
  for (const Sample& sample : golden()) {
    EXPECT_TRUE(load(sample.pickle) == sample.value) << to_hex(sample.pickle);
  }
}

TEST(PickleLoadTest, ReadsForeignSpellings) {
  for (const Sample& sample : foreign()) {
    EXPECT_EQ(error_of(sample.pickle), "no error") << to_hex(sample.pickle);
    EXPECT_TRUE(load(sample.pickle) == sample.value) << to_hex(sample.pickle);
  }
}

TEST(PickleLoadTest, RefusesEveryTruncation) {
  std::vector<Sample> samples = golden();
  for (Sample& sample : foreign()) samples.push_back(std::move(sample));
  for (const Sample& sample : samples) {
    const std::size_t end = sample.pickle.ends_with("trailing") ? 2 : sample.pickle.size();
    for (std::size_t length = 0; length < end; ++length) {
      // A copy of its own, so that a sanitizer sees a read beyond the end.
      const std::vector<char> part(sample.pickle.begin(),
                                   sample.pickle.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_THROW(load({part.data(), part.size()}), Error) << to_hex(sample.pickle) << " at " << length;
    }
  }
}

TEST(PickleLoadTest, SurvivesEveryChangedByte) {
  std::vector<Sample> samples = golden();
  for (Sample& sample : foreign()) samples.push_back(std::move(sample));
  std::size_t refused = 0;
  for (const Sample& sample : samples) {
    for (std::size_t i = 0; i < sample.pickle.size(); ++i) {
      for (unsigned change = 1; change < 256; ++change) {
        std::string damaged = sample.pickle;
        damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ change);
        try {
          load(damaged);
        } catch (const Error&) {
          ++refused;
        }
      }
    }
  }
  EXPECT_GT(refused, 0U);
}

TEST(PickleLoadTest, TellsAnEndBetweenOpcodesApart) {
  for (const std::string& input : {""s, "\x80\x02"s}) {
    EXPECT_THROW(load(input), EmptyError);
    EXPECT_EQ(error_of(input), "Ran out of input");
  }
  EXPECT_EQ(error_of("\x80"), "pickle data was truncated");
}

TEST(PickleLoadTest, RefusesOpcodesThatAreNotPlainData) {
  // PERSID BINPERSID INST OBJ BUILD EXT1 EXT2 EXT4 EMPTY_SET ADDITEMS FROZENSET NEWOBJ_EX BYTEARRAY8
  // NEXT_BUFFER READONLY_BUFFER.
  constexpr std::string_view kForbidden = "PQiob\x82\x83\x84\x8f\x90\x91\x92\x96\x97\x98";
  for (const char opcode : kForbidden) {
    EXPECT_EQ(error_of("]]("s + opcode + "\x01\x01\x01\x01\x01\n\x01\x01\x01\n."),
              "opcode 0x" + to_hex(std::string(1, opcode)) + " is forbidden");
  }
}

TEST(PickleLoadTest, SaysWithPythonThatAByteIsNoOpcode) {
  const std::pair<char, std::string> cases[] = {{'z', "z"},      {'!', "!"},        {' ', " "},
                                                {'~', "~"},      {'"', "\""},       {'\'', "\\x27"},
                                                {'\\', "\\x5c"}, {'\n', "\\x0a"},   {'\x7f', "\\x7f"},
                                                {'\0', "\\x00"}, {'\x99', "\\x99"}, {'\xff', "\\xff"}};
  for (const auto& [byte, shown] : cases) {
    EXPECT_EQ(error_of("]"s + byte + "\n."), "invalid load key, '" + shown + "'.");
  }
}

TEST(PickleTypeNameTest, IsPythons) {
  const std::pair<Value, std::string_view> cases[] = {
      {Value{None{}}, "NoneType"}, {Value{true}, "bool"},     {Value{std::int64_t{1}}, "int"},
      {Value{1.0}, "float"},       {Value{Bytes{}}, "bytes"}, {Value{Text{}}, "str"},
      {Value{List{}}, "list"},     {Value{Tuple{}}, "tuple"}, {Value{Dict{}}, "dict"}};
  for (const auto& [value, name] : cases) EXPECT_EQ(type_name(value), name);
}

TEST(PickleLoadTest, RefusesOtherGlobals) {
  for (const auto& [module, name] :
       std::vector<std::pair<std::string, std::string>>{{"os", "system"},
                                                        {"subprocess", "Popen"},
                                                        {"builtins", "eval"},
                                                        {"builtins", "list"},
                                                        {"builtins", "object"},
                                                        {"swift.common.utils", "Timestamp"},
                                                        {"", ""}}) {
    EXPECT_EQ(error_of("c" + module + "\n" + name + "\n(S'id'\ntR."),
              "global '" + module + "'.'" + name + "' is forbidden");
    const auto size = [](const std::string& s) { return std::string(1, static_cast<char>(s.size())); };
    EXPECT_EQ(error_of("\x8c" + size(module) + module + "\x8c" + size(name) + name + "\x93)R."),
              "global '" + module + "'.'" + name + "' is forbidden");
  }
}

TEST(PickleLoadTest, RefusesMalformedPickles) {
  const std::pair<std::string, std::string> cases[] = {
      {"."s, "stack underflow"},
      {"0."s, "stack underflow"},
      {"(."s, "stack underflow"},
      {"K\x01(2."s, "stack underflow"},
      {"K\x01(K\x01\x86."s, "stack underflow"},
      {"q\x00."s, "stack underflow"},
      {"e."s, "could not find MARK"},
      {"1."s, "could not find MARK"},
      {"h\x05."s, "memo value not found at index 5"},
      {"g5\n."s, "memo value not found at index 5"},
      {"Np-1\n."s, "negative PUT argument"},
      {"\x80\x06N."s, "unsupported pickle protocol"},
      {"\x95\xff\x00\x00\x00\x00\x00\x00\x00N."s, "pickle data was truncated"},
      {"}(K\x01u."s, "odd number of items for SETITEMS"},
      {"(K\x01"
       "d."s,
       "odd number of items for DICT"},
      {"](K\x01K\x02u."s, "SETITEMS on a value of the wrong type"},
      {"]K\x01K\x02s."s, "SETITEM on a value of the wrong type"},
      {"}K\x01"
       "a."s,
       "APPEND on a value of the wrong type"},
      {"N(K\x01"
       "e."s,
       "APPENDS on a value of the wrong type"},
      {"}]Ns."s, "unhashable key of a dict"},
      {"}}Ns."s, "unhashable key of a dict"},
      {"}]\x85Ns."s, "unhashable key of a dict"},
      {"Ix\n."s, "not an integer as Python writes it: 'x'"},
      {"I\n."s, "not an integer as Python writes it: ''"},
      {"I-\n."s, "not an integer as Python writes it: '-'"},
      {"I010\n."s, "not an integer as Python writes it: '010'"},
      {"I1_0\n."s, "not an integer as Python writes it: '1_0'"},
      {"L\xa0"
       "5L\n."s,
       "not an integer as Python writes it: '\\udca05'"},
      {"Fx\n."s, "not a float as Python writes it: 'x'"},
      {"F1e\n."s, "could not convert string to float: '1e'"},
      {"F1_0\n."s, "not a float as Python writes it: '1_0'"},
      {"F 1\n."s, "not a float as Python writes it: ' 1'"},
      {"F1e999\n."s, "not a float as Python writes it: '1e999'"},
      {"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x01."s, "integer outside 64 bits"},
      {"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00."s, "integer outside 64 bits"},
      {"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\x7f\xff."s, "integer outside 64 bits"},
      {"\x8b\xff\xff\xff\xff."s, "pickle data was truncated"},
      {"X\xff\xff\xff\xff"
       "abc."s,
       "pickle data was truncated"},
      {"\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
       "abc."s,
       "pickle data was truncated"},
      {"X\x01\x00\x00\x00\xff."s, "text that is not UTF-8"},
      {"X\x04\x00\x00\x00\xed\xa0\x80\x80."s, "text that is not UTF-8"},
      {"Sabc\n."s, "the argument of a STRING opcode must be quoted"},
      {"S'\n."s, "the argument of a STRING opcode must be quoted"},
      {"S'\\'\n."s, "trailing backslash in a STRING opcode"},
      {"S'\\xg1'\n."s, "malformed \\x escape in a STRING opcode"},
      {"V\\u12\n."s, "malformed escape in a UNICODE opcode"},
      {"V\\U00110000\n."s, "malformed escape in a UNICODE opcode"},
      {"NN\x93."s, "STACK_GLOBAL requires str"},
      {"N)R."s, "REDUCE of a value that is not a function"},
      {"NNR."s, "arguments that are not a tuple"},
      {"c_codecs\nencode\n."s, "a function or class as a value"},
      {"c_codecs\nencode\n)R."s, "REDUCE with arguments that are not plain data"},
      {"c_codecs\nencode\n(Va\nVrot13\ntR."s, "REDUCE with arguments that are not plain data"},
      {"c_codecs\nencode\n(V\\u20ac\nVlatin1\ntR."s, "text outside Latin-1 encoded as latin1"},
      {"cbuiltins\nbytes\nK\x05\x85R."s, "REDUCE with arguments that are not plain data"},
      {"cbuiltins\ndict\n]\x85R."s, "REDUCE with arguments that are not plain data"},
      {"cbuiltins\ndict\n)\x81."s, "NEWOBJ of a class other than HeaderKeyDict"},
      {"ccopyreg\n_reconstructor\n(cbuiltins\nbytes\ncbuiltins\ndict\n}tR."s,
       "REDUCE with arguments that are not plain data"},
      {"N(NNNNtR."s, "too many arguments"},
  };
  for (const auto& [data, message] : cases) EXPECT_EQ(error_of(data), message) << to_hex(data);
}

TEST(PickleLoadTest, RefusesDeepAndSelfReferringValues) {
  EXPECT_THAT(error_of(std::string(40, ']') + std::string(39, 'a') + "."), HasSubstr("nested more than 32"));
  EXPECT_THAT(error_of(")" + std::string(1'000'000, '\x85') + "."), HasSubstr("nested more than 32"));
  EXPECT_THAT(error_of(std::string(1'000'000, '(') + "."), HasSubstr("stack underflow"));
  EXPECT_THAT(error_of("]q\x00h\x00"
                       "a."s),
              HasSubstr("nested more than 32"));
  EXPECT_THAT(error_of("}q\x00Nh\x00s."s), HasSubstr("nested more than 32"));
  // Two references to itself would be 2^32 values before the depth stops them.
  EXPECT_NE(error_of("]q\x00(h\x00h\x00"
                     "e."s),
            "no error");
}

TEST(PickleLoadTest, RefusesValuesMultipliedByTheMemo) {
  std::string doubled = "]q\x00(NNe"s;
  for (int level = 1; level < 31; ++level) {
    const auto previous = std::string(1, static_cast<char>(level - 1));
    doubled += "]q" + std::string(1, static_cast<char>(level)) + "(h" + previous + "h" + previous + "e";
  }
  EXPECT_EQ(error_of(doubled + "."), "too many values for a pickle of this length");
  // Found by fuzzing: one list holding itself n times made room for n values at each of its 32 levels.
  EXPECT_EQ(error_of("]q\x00(h\x00"s + std::string(100'000, '2') + "e."),
            "too many values for a pickle of this length");

  std::string copies = "]X\x00\x00\x01\x00"s + std::string(65536, 'x') + "q\x00("s;
  for (int i = 0; i < 10'000; ++i) copies += "h\x00"s;
  EXPECT_EQ(error_of(copies + "l."), "too much text for a pickle of this length");

  std::string encoded =
      "](c_codecs\nencode\nq\x00X\x00\x00\x01\x00"s + std::string(65536, 'x') + "Vlatin1\n\x86q\x01R"s;
  for (int i = 0; i < 10'000; ++i) encoded += "h\x00h\x01R"s;
  EXPECT_EQ(error_of(encoded + "l."), "too much text for a pickle of this length");
}

// Sends input to a Python script; the lines that it prints, or nothing where there is no Python.
std::vector<std::string> run_python(const std::string& script, const std::string& input) {
  constexpr const char* kPython = "/usr/bin/python3";
  if (access(kPython, X_OK) != 0) return {};
  const std::string base = testing::TempDir() + "pickle_test." + std::to_string(getpid());
  std::ofstream(base + ".py") << script;
  std::ofstream(base + ".in") << input;
  const std::string command = std::string(kPython) + " " + base + ".py < " + base + ".in";
  std::string output;
  {
    const auto close = [](std::FILE* file) { pclose(file); };
    const std::unique_ptr<std::FILE, decltype(close)> pipe(popen(command.c_str(), "r"), close);
    std::array<char, 65536> buffer{};
    while (pipe) {
      const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe.get());
      if (got == 0) break;
      output.append(buffer.data(), got);
    }
  }
  std::remove((base + ".py").c_str());
  std::remove((base + ".in").c_str());
  std::vector<std::string> lines;
  std::istringstream stream(output);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(PicklePythonTest, WritesAgainWhatPythonWroteInAnyProtocol) {
  const std::vector<std::string> lines = run_python(R"(
import pickle, random
r = random.Random(7)
def data(): return ''.join(chr(r.randrange(256)) for _ in range(r.choice([0, 1, 2, 9, 300]))).encode('latin1')
def text(): return ''.join(r.choice('ab\xe9\u20ac\U0001f600\n\\\'"') for _ in range(r.choice([0, 1, 2, 9])))
def number(): return r.randrange(-2 ** r.randrange(1, 64), 2 ** r.randrange(1, 64))
def plain(): return r.choice([data, text, number, r.random, lambda: None, lambda: r.random() < .5])()
def value(depth):
    if depth == 0 or r.random() < .4: return plain()
    items = [value(depth - 1) for _ in range(r.choice([0, 1, 2, 5]))]
    return r.choice([list, tuple, lambda i: {plain(): v for v in i}])(items)
objects = [value(4) for _ in range(300)]
objects += [{data(): data() for _ in range(r.randrange(60))} for _ in range(100)]
objects += [{b'key %d' % i: b'value %d' % i for i in range(n)} for n in (255, 256, 999, 1000, 1001, 2000)]
objects += [[{} for _ in range(n)] for n in (999, 1000, 1001)]
objects += [{'%03x' % i: r.choice([None, {None: '%032x' % i}, {0: '%032x' % i, 2: '%032x' % i}])
             for i in range(n)} | {'updated': r.random(), 'valid': True} for n in (0, 5, 1500)]
for o in objects:
    for protocol in range(5):
        print(pickle.dumps(o, protocol).hex(), pickle.dumps(o, 2).hex())
)",
                                                    "");
  if (lines.empty()) GTEST_SKIP() << "needs /usr/bin/python3";
  EXPECT_EQ(lines.size(), 412U * 5U);
  for (const std::string& line : lines) {
    const std::size_t space = line.find(' ');
    ASSERT_EQ(to_hex(dump(load(from_hex(line.substr(0, space))))), line.substr(space + 1)) << line;
  }
}

TEST(PicklePythonTest, PythonReadsWhatIsWritten) {
  std::mt19937 random(11);
  const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
  std::vector<Value> values;
  std::string input;
  for (int i = 0; i < 200; ++i) {
    Dict items;
    const unsigned size = below(300);
    for (unsigned key = 0; key < size; ++key) {
      std::string data(below(12), '\0');
      for (char& c : data) c = static_cast<char>(below(256));
      Value value = bytes(data);
      if (below(4) == 0) {
        value = below(2) == 0 ? integer(static_cast<std::int64_t>(random()) - (1LL << 31))
                              : dict({{{None{}}, text(data.empty() ? "" : "x")}});
      }
      items.emplace_back(bytes("key " + std::to_string(key)), std::move(value));
    }
    values.push_back(dict(std::move(items)));
    input += to_hex(dump(values.back())) + "\n";
  }
  const std::vector<std::string> lines = run_python(R"(
import pickle, sys
for line in sys.stdin:
    print(pickle.dumps(pickle.loads(bytes.fromhex(line)), 4).hex())
)",
                                                    input);
  if (lines.empty()) GTEST_SKIP() << "needs /usr/bin/python3";
  ASSERT_EQ(lines.size(), values.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_TRUE(load(from_hex(lines[i])) == values[i]) << lines[i];
  }
}

TEST(PickleReaderTest, ReadsAPython2StrAsTextWhenAsked) {
  const std::string blob(
      "\x80\x02U\x03"
      "abc.",
      8);
  EXPECT_EQ(load(blob), Value{Bytes{"abc"}});
  EXPECT_EQ(load(blob, Python2Str::ascii_text), Value{Text{"abc"}});
  EXPECT_EQ(load("\x80\x03"
                 "C\x03"
                 "abc.",
                 Python2Str::ascii_text),
            Value{Bytes{"abc"}});
  EXPECT_THROW(load("\x80\x02U\x01\xe9.", Python2Str::ascii_text), Error);
}

}  // namespace
}  // namespace ssync::pickle
