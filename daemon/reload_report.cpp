#include "reload_report.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace couponsync::daemon {

namespace json = boost::json;

std::optional<std::filesystem::path> runtime_folder() {
  const char* folder = std::getenv("RUNTIME_DIRECTORY");
  if (folder == nullptr || *folder == '\0') return std::nullopt;
  const std::string_view all(folder);
  return std::filesystem::path(all.substr(0, all.find(':')));
}

std::filesystem::path reload_report_file(const std::filesystem::path& folder) {
  return folder / "reload.json";
}

void write_reload_report(const std::filesystem::path& folder, const ReloadReport& report) {
  const std::filesystem::path file = reload_report_file(folder);
  const std::filesystem::path draft = file.string() + ".new";
  std::ofstream out(draft);
  out << json::serialize(json::object{{"pid", report.pid},
                                      {"begun", report.begun},
                                      {"reloads", report.reloads},
                                      {"accepted", report.accepted},
                                      {"message", report.message}})
      << "\n";
  out.close();
  if (!out) throw std::system_error(errno, std::generic_category(), draft.string());
  std::filesystem::rename(draft, file);
}

std::optional<ReloadReport> read_reload_report(const std::filesystem::path& folder) {
  std::ifstream in(reload_report_file(folder));
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  const json::object& object = value.get_object();
  const json::value* pid = object.if_contains("pid");
  const json::value* begun = object.if_contains("begun");
  const json::value* reloads = object.if_contains("reloads");
  const json::value* accepted = object.if_contains("accepted");
  const json::value* message = object.if_contains("message");
  if (pid == nullptr || !pid->is_int64() || begun == nullptr || !begun->is_int64() || reloads == nullptr ||
      !reloads->is_int64() || accepted == nullptr || !accepted->is_bool() || message == nullptr ||
      !message->is_string())
    return std::nullopt;
  return ReloadReport{.pid = static_cast<pid_t>(pid->get_int64()),
                      .begun = begun->get_int64(),
                      .reloads = reloads->get_int64(),
                      .accepted = accepted->get_bool(),
                      .message = std::string(message->get_string())};
}

ReloadReporter::ReloadReporter(std::optional<std::filesystem::path> folder) : folder_(std::move(folder)) {
  report_.pid = getpid();
  try {
    write();
  } catch (const std::system_error& error) {
    problem_ = error.what();
  }
}

ReloadReporter::~ReloadReporter() {
  std::error_code ignored;  // what is left there is about a process that is gone, which its reader notices
  if (folder_) std::filesystem::remove(reload_report_file(*folder_), ignored);
}

bool is_answer(const ReloadReport& report, const ReloadReport& before) {
  return report.pid == before.pid && report.reloads > before.begun;
}

void ReloadReporter::began() {
  ++report_.begun;
  write();
}

void ReloadReporter::reloaded(bool accepted, std::string message) {
  ++report_.reloads;
  report_.accepted = accepted;
  report_.message = std::move(message);
  write();
}

void ReloadReporter::write() const {
  if (folder_) write_reload_report(*folder_, report_);
}

}  // namespace couponsync::daemon
