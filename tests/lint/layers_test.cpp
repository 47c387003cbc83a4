#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace couponsync::test {
namespace {

namespace fs = std::filesystem;

struct Include {
  fs::path file;  ///< relative to the project's root
  std::string header;
  bool quoted = false;
};

std::vector<fs::path> sources_under(const std::string& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(COUPONSYNC_ROOT) / folder)) {
    const std::string extension = entry.path().extension();
    if (extension == ".h" || extension == ".cpp") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::vector<Include> includes_under(const std::string& folder) {
  static const std::regex directive(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
  std::vector<Include> includes;
  for (const fs::path& path : sources_under(folder)) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
      if (std::smatch match; std::regex_search(line, match, directive))
        includes.push_back({fs::relative(path, COUPONSYNC_ROOT), match[2], match[1] == "\""});
  }
  return includes;
}

TEST(Layers, EachIncludesOnlyThoseBelowIt) {
  const std::map<std::string, std::set<std::string>> allowed{
      {"base", {"base"}},
      {"api", {"base", "api"}},
      {"net", {"base", "net"}},
      {"store", {"base", "store"}},
      {"sync", {"base", "api", "net", "store", "sync"}},
  };
  for (const auto& [layer, below] : allowed) {
    const std::vector<Include> includes = includes_under("lib/" + layer);
    EXPECT_FALSE(includes.empty()) << layer;
    for (const Include& include : includes) {
      if (!include.quoted) continue;
      const std::string folder = include.header.substr(0, include.header.find('/'));
      EXPECT_TRUE(below.contains(folder)) << include.file << " includes " << include.header;
    }
  }
}

/// A header and the file that implements it are one part. Of two parts one is below the other, so that a
/// folder can be read from its lowest part to its highest.
TEST(Layers, EachFolderOfTheLibraryReadsDownwards) {
  for (const std::string layer : {"base", "api", "net", "store", "sync"}) {
    std::map<std::string, std::set<std::string>> parts;
    for (const fs::path& path : sources_under("lib/" + layer)) parts[layer + "/" + path.stem().string()];
    for (const Include& include : includes_under("lib/" + layer)) {
      const std::string part = layer + "/" + include.file.stem().string();
      const std::string other = fs::path(include.header).replace_extension();
      if (include.quoted && other != part && parts.contains(other)) parts[part].insert(other);
    }
    // What includes none of those that are left goes.
    const auto is_lowest = [&](const auto& part) {
      return std::ranges::none_of(part.second,
                                  [&](const std::string& other) { return parts.contains(other); });
    };
    while (std::erase_if(parts, is_lowest) > 0) {
    }
    for (const auto& [part, others] : parts)
      for (const std::string& other : others)
        if (parts.contains(other)) ADD_FAILURE() << part << " includes " << other << ", and is below it";
  }
}

/// Headers of a library, and the files that may include them.
struct Confinement {
  const char* headers;
  const char* files;
};

TEST(Layers, EachLibraryStaysInItsPlace) {
  const std::vector<Confinement> confinements{
      {"boost/asio/ssl.*", "lib/net/.*\\.cpp|lib/net/https_.*"},
      {"boost/beast.*", "lib/net/.*\\.cpp|lib/net/https_.*|daemon/http/(http_server|local_call)\\.cpp"},
      {"sqlite3\\.h|SQLiteCpp.*", "lib/store/.*\\.cpp|lib/store/sql_.*"},
      {"openssl/.*",
       "lib/api/.*|lib/base/(digest|sensitive|system_env)\\.cpp|lib/net/.*\\.cpp|lib/net/https_.*|"
       "daemon/configuration/key_file\\.cpp"},
      {"boost/json.*", "lib/api/.*|daemon/.*"},
      {"spdlog/.*|systemd/.*|prometheus/.*|CLI/.*", "daemon/.*"},
  };
  for (const Confinement& confinement : confinements) {
    const std::regex headers(confinement.headers);
    const std::regex files(confinement.files);
    for (const std::string folder : {"lib", "daemon"})
      for (const Include& include : includes_under(folder))
        if (std::regex_match(include.header, headers)) {
          EXPECT_TRUE(std::regex_match(include.file.string(), files))
              << include.file << " includes " << include.header;
        }
  }
}

TEST(Files, StayReadable) {
  for (const std::string folder : {"lib", "daemon", "tests"})
    for (const fs::path& path : sources_under(folder)) {
      std::ifstream file(path);
      const auto lines = std::count(std::istreambuf_iterator<char>(file), {}, '\n');
      EXPECT_LE(lines, 400) << fs::relative(path, COUPONSYNC_ROOT);
    }
}

TEST(Tree, HasExactlyTheFoldersItIsKnownFor) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(COUPONSYNC_ROOT)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(".") && name != "build") names.insert(name);
  }
  EXPECT_EQ(names, (std::set<std::string>{"CMakeLists.txt", "README.md", "config", "daemon", "lib", "schema",
                                          "systemd", "tests"}));
}

}  // namespace
}  // namespace couponsync::test
