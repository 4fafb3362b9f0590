// As little of a test framework as will do: a list of named tests and a check that says where it failed.
#pragma once

#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace dvx::agent::test {

struct NamedTest {
  std::string name;
  std::function<void()> body;
};

inline std::vector<NamedTest>& allTests() {
  static std::vector<NamedTest> tests;
  return tests;
}

struct Register {
  Register(const char* name, std::function<void()> body) { allTests().push_back({name, std::move(body)}); }
};

inline void require(bool good, const char* what, const char* file, int line) {
  if (!good) {
    throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": " + what);
  }
}

template <typename A, typename B>
void requireEqual(const A& expected, const B& actual, const char* file, int line) {
  if (!(expected == actual)) {
    std::ostringstream text;
    text << file << ":" << line << ": expected <" << expected << "> but was <" << actual << ">";
    throw std::runtime_error(text.str());
  }
}

/** From the command line or random; printed at the start. */
unsigned seed();

}  // namespace dvx::agent::test

#define CHECK(condition) ::dvx::agent::test::require((condition), #condition, __FILE__, __LINE__)
#define CHECK_EQUAL(expected, actual) ::dvx::agent::test::requireEqual((expected), (actual), __FILE__, __LINE__)
#define TEST(name)                                                      \
  static void name();                                                   \
  static const ::dvx::agent::test::Register register_##name(#name, name); \
  static void name()
