import Glibc
import Objects

/// A figure with what it is compared with.
struct Row {
    var name: String
    var value: String
    var cpu: String
    var baseline: String
}

enum Measurement {
    /// Prints a table of figures.
    static func print(_ title: String, _ rows: [Row]) {
        let all = [Row(name: title, value: "figure", cpu: "server CPU", baseline: "baseline")] + rows
        func width(_ cell: (Row) -> String) -> Int { all.map { cell($0).count }.max() ?? 0 }
        func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
        let widths = (width(\.name), width(\.value), width(\.cpu))
        for row in all {
            Swift.print(
                "\(padded(row.name, widths.0))  \(padded(row.value, widths.1))  \(padded(row.cpu, widths.2))  \(row.baseline)")
        }
        Swift.print("")
        fflush(nil)
    }

    /// Seconds of processor time a process has used, from /proc.
    static func cpuSeconds(of process: Int32) -> Double {
        guard let text = read("/proc/\(process)/stat"), let close = text.lastIndex(of: ")") else { return 0 }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident memory of a process in megabytes.
    static func residentMegabytes(of process: Int32) -> Int {
        guard let text = read("/proc/\(process)/status") else { return 0 }
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return (line?.split(separator: " ").compactMap { Int($0) }.first ?? 0) / 1_024
    }

    private static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 8_192)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// Wall-clock seconds since some moment.
    static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// Seconds of processor time this process has used.
    static func ownCPU() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
    }

    /// `12,345`
    static func grouped(_ value: Double) -> String {
        var digits = String(Int(value.rounded()))
        var result = ""
        while digits.count > 3 {
            result = ",\(digits.suffix(3))\(result)"
            digits.removeLast(3)
        }
        return digits + result
    }

    static func decimal(_ value: Double, _ places: Int = 1) -> String {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let text = String(Int((value * scale).rounded()))
        if places == 0 { return text }
        let padded = String(repeating: "0", count: max(0, places + 1 - text.count)) + text
        return "\(padded.dropLast(places)).\(padded.suffix(places))"
    }
}
