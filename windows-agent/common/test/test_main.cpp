// Runs every test, or those whose names hold the first argument. The second argument is the seed.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <random>

#include "check.h"

namespace {
unsigned chosenSeed = 0;
}

unsigned dvx::agent::test::seed() { return chosenSeed; }

int main(int count, char** arguments) {
  std::string wanted = count > 1 ? arguments[1] : "";
  chosenSeed = count > 2 ? static_cast<unsigned>(std::strtoul(arguments[2], nullptr, 10)) : std::random_device{}();
  std::cout << "seed " << chosenSeed << "\n";
  int failed = 0;
  int run = 0;
  for (const auto& test : dvx::agent::test::allTests()) {
    if (test.name.find(wanted) == std::string::npos) {
      continue;
    }
    run++;
    try {
      test.body();
    } catch (const std::exception& error) {
      failed++;
      std::cout << "FAIL " << test.name << "\n  " << error.what() << "\n";
    }
  }
  std::cout << run << " tests, " << failed << " failed\n";
  return failed == 0 && run > 0 ? 0 : 1;
}
