internal import Objects

extension TablePrinter {
    static func service(_ object: JSON, _ now: Timestamp) -> [JSON] {
        let specification = object["spec"]
        let address = specification?["clusterIPs"]?.array?.first ?? specification?["clusterIP"]
        return [
            name(object), text(specification?["type"]), .string(text(address, orElse: "<none>")),
            .string(externalAddress(object)), .string(ports(specification?["ports"])), age(object, now),
            .string(labels(specification?["selector"])),
        ]
    }

    private static func externalAddress(_ object: JSON) -> String {
        let specification = object["spec"]
        let external = (specification?["externalIPs"]?.array ?? []).compactMap(\.string)
        switch specification?["type"]?.string {
        case "ClusterIP", "NodePort":
            return external.isEmpty ? "<none>" : external.joined(separator: ",")
        case "LoadBalancer":
            let ingress = object["status", "loadBalancer", "ingress"]?.array ?? []
            let balanced = Set(ingress.map { text($0["ip"], orElse: $0["hostname"]?.string ?? "") }).subtracting([""])
            let all = balanced.sorted() + external
            return all.isEmpty ? "<pending>" : all.joined(separator: ",")
        case "ExternalName": return specification?["externalName"]?.string ?? ""
        default: return "<unknown>"
        }
    }

    private static func ports(_ value: JSON?) -> String {
        let pieces = (value?.array ?? []).map { port in
            let transport = text(port["protocol"], orElse: "TCP")
            let number = port["port"]?.integer ?? 0
            let nodePort = port["nodePort"]?.integer ?? 0
            return nodePort > 0 ? "\(number):\(nodePort)/\(transport)" : "\(number)/\(transport)"
        }
        return pieces.isEmpty ? "<none>" : pieces.joined(separator: ",")
    }

    /// The first three addresses with their ports, and how many more there are.
    static func addresses(ofEndpoints object: JSON) -> String {
        guard let subsets = object["subsets"]?.array, !subsets.isEmpty else { return "<none>" }
        let shown = 3
        var list: [String] = []
        var count = 0
        for subset in subsets {
            let addresses = (subset["addresses"]?.array ?? []).map { $0["ip"]?.string ?? "" }
            let ports = (subset["ports"]?.array ?? []).map { $0["port"]?.integer ?? 0 }
            count += addresses.count * max(ports.count, 1)
            // Headless services may have no ports.
            if ports.isEmpty { list += addresses.prefix(shown - list.count) }
            for port in ports where list.count < shown {
                list += addresses.prefix(shown - list.count).map { $0.contains(":") ? "[\($0)]:\(port)" : "\($0):\(port)" }
            }
        }
        let text = list.joined(separator: ",")
        return count > shown ? "\(text) + \(count - shown) more..." : text
    }
}
