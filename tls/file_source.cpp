#include "tls/identity_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

namespace tls {
namespace {

constexpr std::size_t k_file_bytes_max = 4 * 1024 * 1024;  // a large public root bundle is 0.3 MiB
constexpr int k_readings_max = 3;
/// Two seconds, as whoever looks again soon does (100 ms).
constexpr int k_unusable_looks_max = 20;
/// Who writes a file in pieces does not pause for longer between two of them.
constexpr std::chrono::milliseconds k_quiet{250};

struct FileDescriptor {
    explicit FileDescriptor(int opened) : number(opened) {}
    ~FileDescriptor() {
        if (number >= 0) {
            ::close(number);
        }
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    int number;
};

struct FileText {
    std::string text;
    mode_t mode = 0;
    // Which file it was, and when it was written last.
    dev_t device = 0;
    ino_t inode = 0;
    std::chrono::system_clock::time_point written;
    bool operator==(const FileText& other) const { return text == other.text; }
};

/// Somebody is at it: what is read may be half of what will be there. A file that was renamed into
/// place is another one, and whole.
bool is_being_written(const FileText& now, const FileText& before) {
    const auto age = std::chrono::system_clock::now() - now.written;
    return now.text != before.text && now.device == before.device && now.inode == before.inode &&
           std::chrono::abs(age) < k_quiet;
}

/// After the last byte was read.
void note_file(FileText& file, const struct stat& status) {
    file.device = status.st_dev;
    file.inode = status.st_ino;
    file.written = std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec) +
                   std::chrono::duration_cast<std::chrono::system_clock::duration>(
                       std::chrono::nanoseconds(status.st_mtim.tv_nsec)
                   );
}

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

/// `name` is "identity.key: /path", the beginning of every sentence.
policy::Result<FileText> cannot_read(const std::string& name, const std::string& path, int error) {
    std::string sentence = name + ": ";
    if (error == ENOENT) {
        sentence +=
            "no such file; make one with `smilax identity issue NAMESPACE/SERVICE-ACCOUNT "
            "--out " +
            directory_of(path) + "`, or set identity.source: none with policy.mtls: permissive";
    } else {
        sentence += std::strerror(error);
        if (error == EACCES) {
            sentence += "; the user that runs Smilax must be able to read it";
        }
    }
    return policy::failed<FileText>(std::move(sentence));
}

policy::Result<FileText> read_file(const std::string& name, const std::string& path) {
    if (path.empty()) {
        return policy::failed<FileText>(name + "is not set; it names a PEM file");
    }
    // O_NONBLOCK: a FIFO in this place must not stop the control thread.
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status{};
    if (file.number < 0 || ::fstat(file.number, &status) != 0) {
        return cannot_read(name, path, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return policy::failed<FileText>(name + ": not a regular file");
    }
    FileText result;
    result.mode = status.st_mode & 07777;
    std::array<char, 16 * 1024> piece;
    for (;;) {
        const ssize_t got = ::read(file.number, piece.data(), piece.size());
        if (got < 0) {
            return cannot_read(name, path, errno);
        }
        if (got == 0) {
            if (::fstat(file.number, &status) != 0) {
                return cannot_read(name, path, errno);
            }
            note_file(result, status);
            return result;
        }
        result.text.append(piece.data(), static_cast<std::size_t>(got));
        if (result.text.size() > k_file_bytes_max) {
            return policy::failed<FileText>(name + ": larger than 4 MiB");
        }
    }
}

/// What one look at the files found.
struct Reading {
    FileText certificate;
    FileText key;
    FileText trust_bundle;
    std::vector<FileText> federated;  // as the options list them
    bool operator==(const Reading&) const = default;
};

class FileSource final : public IdentitySource {
 public:
    explicit FileSource(FileSourceOptions options) : options_(std::move(options)) {
        const bool is_bundle = !options_.credential_bundle.empty();
        certificate_path_ = is_bundle ? options_.credential_bundle : options_.certificate;
        key_path_ = is_bundle ? options_.credential_bundle : options_.key;
        const std::string bundle_name = "identity.credentialBundle: " + certificate_path_;
        certificate_name_ = is_bundle ? bundle_name : "identity.certificate: " + certificate_path_;
        key_name_ = is_bundle ? bundle_name : "identity.key: " + key_path_;
        trust_bundle_name_ = "identity.trustBundle: " + options_.trust_bundle;
    }

    policy::Result<std::shared_ptr<const Material>> load() override {
        auto reading = read_settled();
        if (!reading) {
            return unusable(reading.error());
        }
        warn_of_mode(reading->key.mode);
        if (material_ != nullptr && is_unfinished(*reading)) {
            is_settling_ = true;
            return material_;
        }
        if (material_ == nullptr || *reading != good_) {
            auto parsed = parse_material(pem_of(*reading), options_.naming);
            if (!parsed) {
                return unusable(parsed.error());
            }
            material_ = *parsed;
        }
        good_ = std::move(*reading);
        unusable_looks_ = 0;
        is_settling_ = false;
        return material_;
    }

    bool is_settling() const override { return is_settling_; }
    std::vector<std::string> take_warnings() override { return std::exchange(warnings_, {}); }

 private:
    /// A key may come after its certificate: as long as there is a good one, an error is one when
    /// it lasts.
    policy::Result<std::shared_ptr<const Material>> unusable(std::string sentence) {
        is_settling_ = material_ != nullptr && unusable_looks_ < k_unusable_looks_max;
        if (is_settling_) {
            ++unusable_looks_;
            return material_;
        }
        return policy::failed<std::shared_ptr<const Material>>(std::move(sentence));
    }

    policy::Result<Reading> read_once() const {
        auto certificate = read_file(certificate_name_, certificate_path_);
        if (!certificate) {
            return policy::failed<Reading>(certificate.error());
        }
        auto key = read_file(key_name_, key_path_);
        if (!key) {
            return policy::failed<Reading>(key.error());
        }
        auto trust_bundle = read_file(trust_bundle_name_, options_.trust_bundle);
        if (!trust_bundle) {
            return policy::failed<Reading>(trust_bundle.error());
        }
        Reading reading{std::move(*certificate), std::move(*key), std::move(*trust_bundle), {}};
        for (const FederatedBundle& bundle : options_.federated) {
            auto text = read_file(name_of(bundle), bundle.file);
            if (!text) {
                return policy::failed<Reading>(text.error());
            }
            reading.federated.push_back(std::move(*text));
        }
        return reading;
    }

    static std::string name_of(const FederatedBundle& bundle) {
        return "identity.trustBundles: " + bundle.trust_domain + ": " + bundle.file;
    }

    PemText pem_of(const Reading& reading) const {
        PemText pem;
        pem.certificate = reading.certificate.text;
        pem.key = reading.key.text;
        pem.trust_bundle = reading.trust_bundle.text;
        pem.certificate_name = certificate_name_;
        pem.key_name = key_name_;
        pem.trust_bundle_name = trust_bundle_name_;
        for (std::size_t i = 0; i < reading.federated.size(); ++i) {
            const FederatedBundle& bundle = options_.federated[i];
            pem.federated.push_back(
                {bundle.trust_domain, reading.federated[i].text, name_of(bundle)}
            );
        }
        return pem;
    }

    /// What was good stays in force until the writer is done, and nobody need hear of it.
    bool is_unfinished(const Reading& reading) const {
        bool is_written = is_being_written(reading.certificate, good_.certificate) ||
                          is_being_written(reading.key, good_.key) ||
                          is_being_written(reading.trust_bundle, good_.trust_bundle);
        for (std::size_t i = 0; i < reading.federated.size() && i < good_.federated.size(); ++i) {
            is_written = is_written || is_being_written(reading.federated[i], good_.federated[i]);
        }
        return is_written;
    }

    /// The files are three, and their writer may be at work: what differs from the last good state
    /// counts only when two looks in a row agree. (They are small; comparing their content instead
    /// of their times is immune to every way of replacing a file.)
    policy::Result<Reading> read_settled() const {
        auto reading = read_once();
        if (!reading || *reading == good_) {
            return reading;
        }
        for (int i = 0; i < k_readings_max; ++i) {
            auto again = read_once();
            if (!again || *again == *reading) {
                return again;
            }
            reading = std::move(again);
        }
        return policy::failed<Reading>(
            certificate_name_ +
            ": it or its key or a trust bundle changes while it is read; the "
            "next look is in a second"
        );
    }

    void warn_of_mode(mode_t mode) {
        if (mode == warned_mode_) {
            return;
        }
        warned_mode_ = mode;
        if ((mode & (S_IRWXG | S_IRWXO)) == 0) {
            return;
        }
        const std::array digits{
            '0',
            static_cast<char>('0' + (mode >> 6 & 7)),
            static_cast<char>('0' + (mode >> 3 & 7)),
            static_cast<char>('0' + (mode & 7))
        };
        warnings_.push_back(
            key_name_ + ": mode " + std::string(digits.data(), digits.size()) +
            " lets other users read the private key; `chmod 0600 " + key_path_ + "`"
        );
    }

    FileSourceOptions options_;
    std::string certificate_path_;
    std::string key_path_;
    std::string certificate_name_;
    std::string key_name_;
    std::string trust_bundle_name_;
    Reading good_;  // what material_ was made of
    std::shared_ptr<const Material> material_;
    int unusable_looks_ = 0;  // since the last good one
    bool is_settling_ = false;
    std::optional<mode_t> warned_mode_;
    std::vector<std::string> warnings_;
};

}  // namespace

std::unique_ptr<IdentitySource> make_file_source(FileSourceOptions options) {
    return std::make_unique<FileSource>(std::move(options));
}

}  // namespace tls
