#include "configuration/key_file.h"

#include "daemon/configuration_fixture.h"

#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>

namespace couponsync::daemon::test {
namespace {

constexpr const char* kPointer = "/credentials/private_key_file";

class KeyFileTest : public ConfigurationTest {
 protected:
  std::filesystem::path key(mode_t mode) const {
    const auto path = write("key.pem", "the key");
    chmod(path.c_str(), mode);
    return path;
  }
  static std::string problem_of(const std::filesystem::path& path) {
    try {
      read_secret_key_file(path, kPointer);
      return "";
    } catch (const ConfigurationError& error) {
      return error.what();
    }
  }
};

TEST_F(KeyFileTest, ReadsAFileThatIsItsOwnersAlone) {
  EXPECT_EQ(read_secret_key_file(key(0600), kPointer).view(), "the key");
  EXPECT_EQ(read_secret_key_file(key(0400), kPointer).view(), "the key");
}

TEST_F(KeyFileTest, RefusesAFileThatOthersMayRead) {
  for (const mode_t mode : {0640U, 0604U, 0666U, 0610U}) {
    const std::string problem = problem_of(key(mode));
    EXPECT_NE(problem.find("/credentials/private_key_file: "), std::string::npos) << mode;
    EXPECT_NE(problem.find("chmod 600 "), std::string::npos) << problem;
  }
}

TEST_F(KeyFileTest, ReadsACredentialWhoseAclShowsAsTheGroupsBits) {
  if (geteuid() != 0) return;  // they belong to root
  ASSERT_EQ(setenv("CREDENTIALS_DIRECTORY", folder().c_str(), 1), 0);
  EXPECT_EQ(read_secret_key_file(key(0440), kPointer).view(), "the key");
  EXPECT_NE(problem_of(key(0444)), "");
  EXPECT_NE(problem_of(key(0460)), "");
  ASSERT_EQ(unsetenv("CREDENTIALS_DIRECTORY"), 0);
  EXPECT_NE(problem_of(key(0440)), "") << "anywhere else these are the group's";
}

TEST_F(KeyFileTest, RefusesAFileOfAnotherUser) {
  if (geteuid() != 0) return;  // only root can make one
  const auto path = key(0600);
  ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
  EXPECT_NE(problem_of(path).find("belongs to user 65534"), std::string::npos) << problem_of(path);
}

TEST_F(KeyFileTest, RefusesWhatIsNoFile) {
  EXPECT_NE(problem_of(folder()).find("is not a regular file"), std::string::npos);
  const auto pipe = folder() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_NE(problem_of(pipe).find("is not a regular file"), std::string::npos);
  EXPECT_NE(problem_of(folder() / "nowhere").find("No such file"), std::string::npos);
}

TEST_F(KeyFileTest, APublicKeyMayBeReadByAllButReplacedByNone) {
  EXPECT_EQ(read_public_key_file(key(0644)).view(), "the key");
  EXPECT_THROW(read_public_key_file(key(0646)), ConfigurationError);
}

}  // namespace
}  // namespace couponsync::daemon::test
