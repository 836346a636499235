// Python's bytes and str methods, as Swift applies them to text from the wire. Byte strings here are what
// Swift calls "WSGI strings": each byte stands for the Latin-1 code point of the same value.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ssync::python {

// bytes.strip(): without ASCII white space (space, \t \n \r \v \f) at both ends.
std::string_view strip(std::string_view bytes);

// bytes.decode('utf-8').strip(): without any white space of Unicode at both ends. Bytes that are not UTF-8
// are kept.
std::string_view strip_utf8(std::string_view bytes);

// swift.common.utils.list_from_csv: the parts between commas, stripped by this function, without empty ones.
std::vector<std::string_view> list_from_csv(std::string_view list,
                                            std::string_view (*strip_part)(std::string_view));

// bytes.decode('ascii').split(): the words between runs of white space, at most max_words of them
// (further words are dropped). As str.split() also splits at \x1c-\x1f, so does this.
std::vector<std::string_view> split_words(std::string_view ascii, std::size_t max_words);

// str.lower() of a Latin-1 string: the result is Latin-1 too, byte for byte.
std::string lower_latin1(std::string_view latin1);

// bytes.lower() / bytes.upper() / bytes.title(): ASCII letters only, other bytes kept.
std::string lower_ascii(std::string_view bytes);
std::string upper_ascii(std::string_view bytes);
std::string title_ascii(std::string_view bytes);

// str.encode('utf-8') of a Latin-1 string.
std::string latin1_to_utf8(std::string_view latin1);

// bytes.decode('utf-8').encode('latin-1'), or nullopt where either step fails.
std::optional<std::string> utf8_to_latin1(std::string_view utf8);

// True if the bytes are valid UTF-8 as Python decodes it (no surrogates, no overlong forms,
// nothing above U+10FFFF). Empty is valid.
bool is_utf8(std::string_view bytes);

// Number of code points of valid UTF-8.
std::size_t utf8_length(std::string_view utf8);

// swift.common.utils.config_true_value for a str: true, 1, yes, on, t, y in any case.
bool is_true(std::string_view value);

}  // namespace ssync::python
