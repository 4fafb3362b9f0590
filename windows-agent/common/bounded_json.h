// Reads JSON of a stranger: depth, string and array limits, no duplicate keys, objects only at the top.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace dvx::agent {

/** False with the reason in `error`; never throws on any input. */
bool parseBounded(const std::string& text, nlohmann::json& value, std::string& error);

}  // namespace dvx::agent
