#include "tls/identity_source.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

/// Overwrites what it gives back, so that growing and moving leave no copy of a key behind.
template <class T>
struct WipingAllocator {
    using value_type = T;
    WipingAllocator() = default;
    template <class Other>
    explicit WipingAllocator(const WipingAllocator<Other>&) noexcept {}
    T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
    void deallocate(T* at, std::size_t count) noexcept {
        OPENSSL_cleanse(at, count * sizeof(T));
        std::allocator<T>().deallocate(at, count);
    }
    bool operator==(const WipingAllocator&) const = default;
};
using WipedText = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

/// One of the files that make an identity.
struct File {
    std::string path;
    std::string name;     // "identity.key: /path", the beginning of every sentence
    std::string way_out;  // ends the sentence when it was never there
};

struct FileText {
    WipedText text;
    Digest digest{};  // of the text
    mode_t mode = 0;
    std::chrono::system_clock::time_point written;  // last
    bool operator==(const FileText& other) const { return digest == other.digest; }
};

/// Somebody may be at it, and what was read half of what will be there: a renamed file need not be
/// whole (`mv ca.crt old; … > ca.crt` makes another one as well), so nobody is excepted. A time
/// far in the future says nothing, and is not waited for.
bool is_being_written(const FileText& now) {
    return std::chrono::abs(std::chrono::system_clock::now() - now.written) < k_quiet;
}

/// After the last byte was read.
void note_file(FileText& file, const struct stat& status) {
    EVP_Digest(
        file.text.data(), file.text.size(), file.digest.data(), nullptr, EVP_sha256(), nullptr
    );
    file.mode = status.st_mode & 07777;
    file.written = std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec) +
                   std::chrono::duration_cast<std::chrono::system_clock::duration>(
                       std::chrono::nanoseconds(status.st_mtim.tv_nsec)
                   );
}

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

/// `was_there`: with a good identity in force only this file is amiss, not the configuration.
policy::Result<FileText> cannot_read(const File& file, int error, bool was_there) {
    std::string sentence = file.name + ": ";
    if (error == ENOENT) {
        sentence += "no such file; ";
        sentence += was_there ? "put it back, or a new one in its place" : file.way_out;
    } else {
        sentence += std::strerror(error);
        if (error == EACCES) {
            sentence += "; the user that runs Smilax must be able to read it";
        }
    }
    return policy::failed<FileText>(std::move(sentence));
}

policy::Result<FileText> read_file(const File& file, bool was_there) {
    if (file.path.empty()) {
        return policy::failed<FileText>(file.name + "is not set; it names a PEM file");
    }
    // O_NONBLOCK: a FIFO in this place must not stop the control thread.
    const FileDescriptor opened(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status{};
    if (opened.number < 0 || ::fstat(opened.number, &status) != 0) {
        return cannot_read(file, errno, was_there);
    }
    if (!S_ISREG(status.st_mode)) {
        return policy::failed<FileText>(file.name + ": not a regular file");
    }
    FileText result;
    WipedText& text = result.text;
    std::size_t size = 0;
    // Read until nothing comes, so there is room for a byte more than there should be.
    text.resize(std::min(static_cast<std::size_t>(status.st_size), k_file_bytes_max) + 1);
    for (;;) {
        const ssize_t got = ::read(opened.number, text.data() + size, text.size() - size);
        if (got < 0) {
            return cannot_read(file, errno, was_there);
        }
        size += static_cast<std::size_t>(got);
        if (size > k_file_bytes_max) {
            return policy::failed<FileText>(file.name + ": larger than 4 MiB");
        }
        if (got == 0) {
            break;
        }
        if (size == text.size()) {
            text.resize(std::min(2 * size, k_file_bytes_max) + 1);
        }
    }
    text.resize(size);
    if (::fstat(opened.number, &status) != 0) {
        return cannot_read(file, errno, was_there);
    }
    note_file(result, status);
    return result;
}

/// What one look found, in this order; the bundles of other trust domains as the options list them.
using Reading = std::vector<FileText>;
constexpr std::size_t k_certificate = 0;
constexpr std::size_t k_key = 1;
constexpr std::size_t k_trust_bundle = 2;
constexpr std::size_t k_federated = 3;  // and those after it

std::vector<Digest> digests_of(const Reading& reading) {
    std::vector<Digest> digests;
    for (const FileText& file : reading) {
        digests.push_back(file.digest);
    }
    return digests;
}

class FileSource final : public IdentitySource {
 public:
    explicit FileSource(FileSourceOptions options) : options_(std::move(options)) {
        const bool is_bundle = !options_.credential_bundle.empty();
        const std::string bundle = "identity.credentialBundle";
        add_own(
            is_bundle ? bundle : "identity.certificate",
            is_bundle ? options_.credential_bundle : options_.certificate
        );
        add_own(
            is_bundle ? bundle : "identity.key",
            is_bundle ? options_.credential_bundle : options_.key
        );
        add_own("identity.trustBundle", options_.trust_bundle);
        for (const FederatedBundle& other : options_.federated) {
            add_federated(other);
        }
    }

    policy::Result<std::shared_ptr<const Material>> load() override {
        auto reading = read_settled();
        if (!reading) {
            return unusable(reading.error());
        }
        warn_of_mode((*reading)[k_key].mode);
        if (material_ != nullptr && is_unfinished(*reading)) {
            is_settling_ = true;
            return material_;
        }
        auto digests = digests_of(*reading);
        if (material_ == nullptr || digests != good_) {
            auto parsed = parse_material(pem_of(*reading), options_.naming);
            if (!parsed) {
                return unusable(parsed.error());
            }
            material_ = *parsed;
        }
        good_ = std::move(digests);
        unusable_looks_ = 0;
        is_settling_ = false;
        return material_;
    }

    [[nodiscard]] bool is_settling() const override { return is_settling_; }
    std::vector<std::string> take_warnings() override { return std::exchange(warnings_, {}); }

 private:
    void add_own(const std::string& setting, const std::string& path) {
        files_.push_back(
            {path,
             setting + ": " + path,
             "make one with `smilax identity issue NAMESPACE/SERVICE-ACCOUNT --out " +
                 directory_of(path) +
                 "`, or set identity.source: none with policy.mtls: permissive"}
        );
    }
    void add_federated(const FederatedBundle& other) {
        files_.push_back(
            {other.file,
             "identity.trustBundles: " + other.trust_domain + ": " + other.file,
             "mount the trust bundle of " + other.trust_domain +
                 " there, or copy it with `smilax identity issue NAMESPACE/SERVICE-ACCOUNT "
                 "--federate OTHER-CA/ca.crt --out " +
                 directory_of(other.file) + "` (to ca-" + other.trust_domain + ".crt)"}
        );
    }

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
        Reading reading;
        for (const File& file : files_) {
            auto text = read_file(file, material_ != nullptr);
            if (!text) {
                return policy::failed<Reading>(text.error());
            }
            reading.push_back(std::move(*text));
        }
        return reading;
    }

    [[nodiscard]] PemText pem_of(const Reading& reading) const {
        PemText pem;
        pem.certificate = reading[k_certificate].text;
        pem.key = reading[k_key].text;
        pem.trust_bundle = reading[k_trust_bundle].text;
        pem.certificate_name = files_[k_certificate].name;
        pem.key_name = files_[k_key].name;
        pem.trust_bundle_name = files_[k_trust_bundle].name;
        for (std::size_t i = 0; i < options_.federated.size(); ++i) {
            const std::size_t at = k_federated + i;
            pem.federated.push_back(
                {options_.federated[i].trust_domain, std::string(reading[at].text), files_[at].name}
            );
        }
        return pem;
    }

    /// What was good stays in force until the writer is done, and nobody need hear of it.
    [[nodiscard]] bool is_unfinished(const Reading& reading) const {
        for (std::size_t i = 0; i < reading.size(); ++i) {
            if (reading[i].digest != good_[i] && is_being_written(reading[i])) {
                return true;
            }
        }
        return false;
    }

    /// The files are three, and their writer may be at work: what differs from the last good state
    /// counts only when two looks in a row agree. (They are small; comparing their content instead
    /// of their times is immune to every way of replacing a file.)
    policy::Result<Reading> read_settled() const {
        auto reading = read_once();
        if (!reading || digests_of(*reading) == good_) {
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
            files_[k_certificate].name +
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
            files_[k_key].name + ": mode " + std::string(digits.data(), digits.size()) +
            " lets other users read the private key; `chmod 0600 " + files_[k_key].path + "`"
        );
    }

    FileSourceOptions options_;
    std::vector<File> files_;   // in the order of a Reading
    std::vector<Digest> good_;  // what material_ was made of; no key is kept as text
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
