#include "bounded_json.h"

#include <vector>

#include "bounds.h"
#include "text.h"

namespace dvx::agent {
namespace {

using nlohmann::json;

/** Builds the value while it holds the limits: the parser stops at the first event that answers false. */
class BoundedBuilder : public nlohmann::json_sax<json> {
 public:
  BoundedBuilder(json& root, std::string& error) : root_(root), error_(error) {}

  bool null() override { return put(json(nullptr)); }
  bool boolean(bool value) override { return put(json(value)); }
  bool number_integer(number_integer_t value) override { return put(json(value)); }
  bool number_unsigned(number_unsigned_t value) override { return put(json(value)); }
  bool number_float(number_float_t value, const string_t&) override { return put(json(value)); }
  bool string(string_t& value) override {
    return withinString(value) && put(json(std::move(value)));
  }
  bool binary(binary_t&) override { return fail("a binary value"); }

  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& value) override {
    if (!withinString(value)) {
      return false;
    }
    if (stack_.back()->contains(value)) {
      return fail("a key that stands twice in one object");
    }
    key_ = std::move(value);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return fail("no JSON at byte " + std::to_string(position));
  }

 private:
  bool fail(const std::string& reason) {
    if (error_.empty()) {
      error_ = reason;
    }
    return false;
  }

  bool withinString(const std::string& value) {
    return countChars(value) <= kMaxStringChars || fail("a string that is too long");
  }

  bool put(json&& value) {
    if (stack_.empty()) {
      return fail("no object");
    }
    return place(std::move(value)) != nullptr;
  }

  bool open(json&& value) {
    if (stack_.size() >= kMaxDepth) {
      return fail("a body that nests too deep");
    }
    if (stack_.empty()) {
      if (!value.is_object()) {
        return fail("no object");
      }
      root_ = std::move(value);
      stack_.push_back(&root_);
      return true;
    }
    json* placed = place(std::move(value));
    if (placed == nullptr) {
      return false;
    }
    stack_.push_back(placed);
    return true;
  }

  bool close() {
    stack_.pop_back();
    return true;
  }

  /** The containers above never move while one of their elements is open, so the pointers stay good. */
  json* place(json&& value) {
    json& container = *stack_.back();
    if (container.is_object()) {
      json& slot = container[key_];
      slot = std::move(value);
      return &slot;
    }
    if (container.size() >= kMaxArrayElements) {
      fail("an array that is too long");
      return nullptr;
    }
    container.push_back(std::move(value));
    return &container.back();
  }

  json& root_;
  std::string& error_;
  std::vector<json*> stack_;
  std::string key_;
};

}  // namespace

bool parseBounded(const std::string& text, nlohmann::json& value, std::string& error) {
  error.clear();
  if (text.size() > kMaxBodyBytes) {
    error = "a body that is too long";
    return false;
  }
  // The parser takes a zero byte for the end of the text and would not look at what follows.
  if (text.find('\0') != std::string::npos) {
    error = "no JSON: a zero byte";
    return false;
  }
  BoundedBuilder builder(value, error);
  if (json::sax_parse(text, &builder, json::input_format_t::json, true, false)) {
    return true;
  }
  if (error.empty()) {
    error = "no JSON";
  }
  return false;
}

}  // namespace dvx::agent
