// Python 3's reading and printing of text and numbers, where Swift lets Python decide what is
// valid on the wire or what an error line says. Byte strings here are what Swift calls "WSGI
// strings": each byte stands for the Latin-1 code point of the same value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ssync::python {

// bytes.strip(): without ASCII white space (space, \t \n \r \v \f) at both ends.
std::string_view strip(std::string_view bytes);

// bytes.decode('ascii').split(): the words between runs of white space, at most max_words of them
// (further words are dropped). As str.split() also splits at \x1c-\x1f, so does this.
std::vector<std::string_view> split_words(std::string_view ascii, std::size_t max_words);

// str.lower() of a Latin-1 string: the result is Latin-1 too, byte for byte.
std::string lower_latin1(std::string_view latin1);

// bytes.lower() / bytes.upper() / bytes.title(): ASCII letters only, other bytes kept.
std::string lower_ascii(std::string_view bytes);
std::string upper_ascii(std::string_view bytes);
std::string title_ascii(std::string_view bytes);

// str.title() of a Latin-1 string, encoded as UTF-8 (title() leaves Latin-1: 'ÿ' gives U+0178,
// 'µ' U+039C, 'ß' 'Ss'). A letter after an uncased character gets title case, others lower case.
std::string title_latin1_to_utf8(std::string_view latin1);

// str.encode('utf-8') of a Latin-1 string.
std::string latin1_to_utf8(std::string_view latin1);

// bytes.decode('utf-8').encode('latin-1'), or nullopt where either step fails.
std::optional<std::string> utf8_to_latin1(std::string_view utf8);

// True if the bytes are valid UTF-8 as Python decodes it (no surrogates, no overlong forms,
// nothing above U+10FFFF). Empty is valid.
bool is_utf8(std::string_view bytes);

// Number of code points of valid UTF-8.
std::size_t utf8_length(std::string_view utf8);

// int(text, base) of a str for base 10 and base 16: surrounding white space (that of ASCII, \x85 and
// \xa0, but not \x1c-\x1f, which Python refuses here), a sign, underscores between digits, and for
// base 16 an optional 0x. Throws ValueError with Python's message: "invalid literal for int() with
// base 10: 'x'". Values outside int64 throw ValueError too (Python has no bound; no valid message of
// Swift's comes near it).
std::int64_t parse_int(std::string_view text, int base);

// What int(text, base) reads, without parse_int()'s bound: sign and magnitude. A magnitude above
// 2^64-1 reads as 2^64-1 with `saturated` set.
struct Integer {
  bool negative = false;
  bool saturated = false;
  std::uint64_t magnitude = 0;
};
Integer parse_integer(std::string_view text, int base);

// float(text) of a str: surrounding white space, sign, underscores between digits, exponent,
// inf/infinity/nan in any case. Throws ValueError "could not convert string to float: 'x'".
double parse_float(std::string_view text);

// repr() of a bytes object: b'…' with Python's choice of quotes and escapes.
std::string repr_bytes(std::string_view bytes);

// repr() of the str that these UTF-8 bytes decode to (printable non-ASCII is kept, as Python
// does for Latin-1 and common letters; undecodable bytes print as \udcXX surrogate escapes).
std::string repr_text(std::string_view utf8);

// str(float): the shortest digits that read back equal, with '.0' or an exponent as Python
// prints it ("60.0", "0.1", "1e+16", "14.99987244606018").
std::string float_text(double value);

// urllib.parse.unquote_to_bytes(): %XX decoded, malformed escapes kept.
std::string unquote(std::string_view text);

// urllib.parse.quote(text) with safe='/' and urllib.parse.quote_plus(text) with safe=''.
std::string quote(std::string_view bytes);
std::string quote_plus(std::string_view bytes);

// swift.common.utils.config_true_value for a str: true, 1, yes, on, t, y in any case.
bool is_true(std::string_view value);

}  // namespace ssync::python
