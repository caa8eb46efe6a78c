internal import FoundationEssentials
internal import Yams

extension ClientConfiguration {
    /// Reads a kubeconfig file.
    ///
    /// - Parameter context: the context to use; `nil` for `current-context`.
    /// - Throws: ``TransportError`` where the file cannot be read, lacks something, or wants what Sluice does not do (`exec`,
    ///   `auth-provider`, `username`, `proxy-url`, `tls-server-name`).
    public init(kubeconfig path: String, context: String? = nil) throws(TransportError) {
        try self.init(kubeconfigText: try KubeconfigReader.text(of: path), path: path, context: context)
    }

    /// Reads the text of a kubeconfig file.
    ///
    /// - Parameter path: the file's, for messages and for the relative paths inside.
    public init(kubeconfigText text: String, path: String, context: String? = nil) throws(TransportError) {
        let reader = try KubeconfigReader(text: text, path: path)
        guard let context = context ?? reader.root["current-context"]?.string, !context.isEmpty else {
            throw reader.error("names no current-context", "set it with: kubectl config use-context NAME")
        }
        let chosen = try reader.entry("contexts", context, "context")
        let cluster = try reader.entry("clusters", try reader.required(chosen, "cluster", of: "context \(context)"), "cluster")
        guard let server = cluster["server"]?.string, !server.isEmpty else {
            throw reader.error("names no server for context \(context)", "add clusters[].cluster.server")
        }
        try reader.refuse(["proxy-url", "tls-server-name"], in: cluster)
        self.init(server: server, trust: try reader.trust(cluster))
        namespace = chosen["namespace"]?.string ?? ""
        if let user = chosen["user"]?.string, !user.isEmpty { identity = try reader.identity(try reader.entry("users", user, "user")) }
    }
}

private struct KubeconfigReader {
    let root: Node
    let path: String

    init(text: String, path: String) throws(TransportError) {
        self.path = path
        do {
            guard let node = try Yams.compose(yaml: text), node.mapping != nil else {
                throw TransportError(message: "\(path) is no kubeconfig", remedy: "check that it is YAML with kind Config")
            }
            root = node
        } catch let error as TransportError {
            throw error
        } catch {
            throw TransportError(message: "\(path) is not valid YAML: \(error)", remedy: "correct it, or write it anew")
        }
    }

    static func text(of path: String) throws(TransportError) -> String {
        do {
            return String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        } catch {
            throw TransportError(message: "cannot read \(path): \(error)", remedy: "check the path and its mode")
        }
    }

    func error(_ message: String, _ remedy: String) -> TransportError { TransportError(message: "\(path) \(message)", remedy: remedy) }

    /// The value called `key` of the list entry with that name.
    func entry(_ list: String, _ name: String, _ key: String) throws(TransportError) -> Node {
        let entries = root[list]?.sequence.map(Array.init) ?? []
        guard let entry = entries.first(where: { $0["name"]?.string == name })?[key] else {
            let names = entries.compactMap { $0["name"]?.string }.sorted().joined(separator: ", ")
            throw error("has no \(key) called \(name)", "use one of: \(names.isEmpty ? "(none)" : names)")
        }
        return entry
    }

    func required(_ node: Node, _ key: String, of owner: String) throws(TransportError) -> String {
        guard let value = node[key]?.string, !value.isEmpty else { throw error("names no \(key) for \(owner)", "add it") }
        return value
    }

    func refuse(_ keys: [String], in node: Node) throws(TransportError) {
        for key in keys where node[key] != nil {
            throw error("uses \(key), which is not supported", "use a client certificate, token or tokenFile, and a direct address")
        }
    }

    func trust(_ cluster: Node) throws(TransportError) -> ClientConfiguration.ServerTrust {
        if cluster["insecure-skip-tls-verify"]?.bool == true { return .anyone }
        return try content("certificate-authority", of: cluster).map { .authorities(pem: $0) } ?? .system
    }

    func identity(_ user: Node) throws(TransportError) -> ClientConfiguration.Identity {
        try refuse(["exec", "auth-provider", "username", "password"], in: user)
        let certificate = try content("client-certificate", of: user)
        let key = try content("client-key", of: user)
        guard (certificate == nil) == (key == nil) else {
            throw error("has a client certificate without its key, or a key without its certificate", "add the other one")
        }
        return ClientConfiguration.Identity(
            certificatePEM: certificate, privateKeyPEM: key, token: user["token"]?.string,
            tokenFile: user["tokenFile"]?.string.map(absolute))
    }

    /// The content behind `KEY-data`, or behind the path of `KEY`.
    private func content(_ key: String, of node: Node) throws(TransportError) -> String? {
        if let encoded = node["\(key)-data"]?.string, !encoded.isEmpty {
            guard let data = Data(base64Encoded: encoded, options: .ignoreUnknownCharacters) else {
                throw error("has \(key)-data that is not base64", "write it anew")
            }
            return String(decoding: data, as: UTF8.self)
        }
        guard let file = node[key]?.string, !file.isEmpty else { return nil }
        return try Self.text(of: absolute(file))
    }

    /// Relative paths are relative to the kubeconfig's directory, as kubectl has it.
    private func absolute(_ file: String) -> String {
        guard !file.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return file }
        return path[...slash] + file
    }
}
