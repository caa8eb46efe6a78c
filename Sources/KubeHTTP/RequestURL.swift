internal import APIMessages

/// The URL of a request: server, path and query, percent-encoded.
enum RequestURL {
    static func text(server: String, _ request: APIRequest) -> String {
        var result = server
        while result.utf8.last == 0x2f { result.removeLast() }
        append(request.path, to: &result) { $0 == 0x2f || $0 == 0x3a || $0 == 0x40 }
        for (index, item) in request.query.enumerated() {
            result += index == 0 ? "?" : "&"
            append(item.name, to: &result) { _ in false }
            result += "="
            append(item.value, to: &result) { $0 == 0x2c || $0 == 0x3a || $0 == 0x2f }
        }
        return result
    }

    private static func append(_ text: String, to result: inout String, isAllowed: (UInt8) -> Bool) {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: bytes.append(byte)
            case _ where isAllowed(byte): bytes.append(byte)
            default: bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        result += String(decoding: bytes, as: UTF8.self)
    }
}
