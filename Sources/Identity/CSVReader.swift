/// Comma-separated values as Go's `encoding/csv` reads them with its default settings and any number of fields.
enum CSVReader {
    struct Record: Equatable {
        /// Where the record begins, from 1.
        var line: Int
        var fields: [String]
    }

    struct Failure: Error, Equatable {
        var line: Int
        var message: String
    }

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let newline = UInt8(ascii: "\n")

    /// Empty lines are left out; there are no comments; a quoted field may contain commas, line breaks and doubled quotes.
    static func records(of text: String) throws(Failure) -> [Record] {
        var bytes: [UInt8] = []
        let all = Array(text.utf8)
        // Go reads \r\n as \n, and drops a carriage return at the very end.
        for (index, byte) in all.enumerated() where byte != 0x0d || (index + 1 < all.count && all[index + 1] != newline) {
            bytes.append(byte)
        }
        var records: [Record] = []
        var position = 0
        var line = 1
        while position < bytes.count {
            if bytes[position] == newline {
                position += 1
                line += 1
                continue
            }
            let start = line
            var fields: [String] = []
            repeat { fields.append(try field(bytes, &position, &line)) } while advance(over: comma, bytes, &position)
            if advance(over: newline, bytes, &position) { line += 1 }
            records.append(Record(line: start, fields: fields))
        }
        return records
    }

    private static func advance(over byte: UInt8, _ bytes: [UInt8], _ position: inout Int) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private static func field(_ bytes: [UInt8], _ position: inout Int, _ line: inout Int) throws(Failure) -> String {
        guard position < bytes.count, bytes[position] == quote else {
            let start = position
            while position < bytes.count, bytes[position] != comma, bytes[position] != newline {
                if bytes[position] == quote { throw Failure(line: line, message: "a bare quote in a field without quotes") }
                position += 1
            }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }
        position += 1
        let opening = line
        var content: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == quote {
                if advance(over: quote, bytes, &position) {
                    content.append(quote)
                    continue
                }
                guard position == bytes.count || bytes[position] == comma || bytes[position] == newline else {
                    throw Failure(line: line, message: "text after the closing quote of a field")
                }
                return String(decoding: content, as: UTF8.self)
            }
            if byte == newline { line += 1 }
            content.append(byte)
        }
        throw Failure(line: opening, message: "a quoted field that is never closed")
    }
}
