#include "proxy/command/demo/identities.hpp"

#include "proxy/command/demo/work_directory.hpp"
#include "proxy/command/identity_files.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace proxy::command::demo {

policy::Result<Identities> Identities::make() {
    auto authority = tls::Authority::make(std::string(k_trust_domain));
    if (!authority) {
        return policy::failed<Identities>(authority.error());
    }
    return Identities(std::move(*authority));
}

policy::Result<void> Identities::write_authority(const std::string& folder) const {
    if (auto made = make_private_directory(folder, std::nullopt); !made) {
        return made;
    }
    return write_files(folder, files_of_authority(folder, authority_));
}

policy::Result<void> Identities::write(
    const Pod& pod, const std::string& folder, std::optional<uid_t> owner
) {
    policy::Identity identity;
    identity.trust_domain = k_trust_domain;
    identity.name_space = k_kubernetes_namespace;
    identity.service_account = pod.service_account;
    const auto issued = authority_.issue(identity);
    if (!issued) {
        return issued.error();
    }
    const std::string name = fmt::format("generation-{}", ++generation_);
    const std::string path = folder + "/" + name;
    if (auto made = make_private_directory(path, owner); !made) {
        return made;
    }
    const std::pair<const char*, const std::string*> files[] = {
        {"/tls.crt", &issued->certificate},
        {"/tls.key", &issued->key},
        {"/ca.crt", &authority_.root().certificate},
    };
    for (const auto& [file, text] : files) {
        if (auto written = replace_file(path + file, *text, 0600, owner); !written) {
            return written;
        }
    }
    const std::string link = folder + "/current";
    const std::string next = folder + "/.current.new";
    if (::symlink(name.c_str(), next.c_str()) != 0 ||
        std::rename(next.c_str(), link.c_str()) != 0) {
        return "cannot write " + link + ": " + std::strerror(errno);
    }
    return {};
}

}  // namespace proxy::command::demo
