/// The request target of an HTTP request, percent-decoded.
struct RequestTarget {
    var path: String
    var query: [(name: String, value: String)]

    /// Reads origin form (`/path?query`) and absolute form (`https://host/path?query`).
    init(_ target: String) throws(RequestRefusal) {
        let origin = try Self.originForm(target)
        let end = origin.utf8.firstIndex { $0 == 0x3f || $0 == 0x23 } ?? origin.endIndex
        guard let path = Self.decode(origin[..<end], plusIsSpace: false) else {
            throw .badRequest("the path is not valid percent-encoded UTF-8")
        }
        self.path = path
        query = []
        guard end < origin.endIndex, origin.utf8[end] == 0x3f else { return }
        let rest = origin[origin.utf8.index(after: end)...]
        for item in rest.utf8.prefix(while: { $0 != 0x23 }).split(separator: 0x26) {
            let equals = item.firstIndex(of: 0x3d) ?? item.endIndex
            let value = equals < item.endIndex ? item[item.index(after: equals)...] : item[item.endIndex...]
            guard let name = Self.decode(Substring(item[..<equals]), plusIsSpace: true),
                let value = Self.decode(Substring(value), plusIsSpace: true)
            else { throw .badRequest("the query is not valid percent-encoded UTF-8") }
            query.append((name: name, value: value))
        }
    }

    private static func originForm(_ target: String) throws(RequestRefusal) -> Substring {
        if target.utf8.first == 0x2f { return target[...] }
        for scheme in ["https://", "http://"] where target.hasPrefix(scheme) {
            let rest = target.dropFirst(scheme.count)
            guard let slash = rest.utf8.firstIndex(where: { $0 == 0x2f || $0 == 0x3f }) else { return "/" }
            return rest.utf8[slash] == 0x2f ? rest[slash...] : "/" + rest[slash...]
        }
        throw .badRequest("the request target must begin with a slash")
    }

    /// The text that a percent-encoded one stands for; `nil` where an escape or the resulting UTF-8 is broken.
    static func decode(_ text: Substring, plusIsSpace: Bool) -> String? {
        guard text.utf8.contains(where: { $0 == 0x25 || ($0 == 0x2b && plusIsSpace) }) else { return String(text) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case 0x25:
                guard let high = iterator.next().flatMap(hexadecimal), let low = iterator.next().flatMap(hexadecimal) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            case 0x2b where plusIsSpace: bytes.append(0x20)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
