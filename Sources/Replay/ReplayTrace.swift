/// Why a trace cannot be read: where, and what is wrong.
public struct ReplayError: Error, Equatable, Sendable, CustomStringConvertible {
    /// `nodes` or `pods`.
    public var table: String
    /// 1-based; the header is line 1.
    public var line: Int
    /// The name of the column; empty where the whole line is wrong.
    public var column: String
    public var problem: String

    public init(table: String, line: Int, column: String = "", problem: String) {
        self.table = table
        self.line = line
        self.column = column
        self.problem = problem
    }

    public var description: String {
        "\(table) line \(line)\(column.isEmpty ? "" : ", column \(column)"): \(problem)"
    }
}

/// A server of the trace.
public struct ReplayHost: Sendable, Equatable {
    public var name: String
    public var cpuMilli: Int64
    public var memoryMebibytes: Int64
    /// Graphics devices.
    public var gpus: Int64
    /// Model of the graphics devices; may be empty.
    public var model: String
}

/// A pod of the trace; times are seconds since the start of the trace.
public struct ReplayPod: Sendable, Equatable {
    public var name: String
    public var cpuMilli: Int64
    public var memoryMebibytes: Int64
    public var gpus: Int64
    /// Thousandths of each device; below 1000 only for pods with one device.
    public var gpuMilli: Int64
    /// Models of devices that will do, any of them; empty: every model.
    public var gpuModels: [String]
    public var creation: Int64
    /// `nil`: not deleted within the trace.
    public var deletion: Int64?
}

/// A trace: what servers there are and which pods come and go.
public struct ReplayTrace: Sendable, Equatable {
    public var hosts: [ReplayHost]
    public var pods: [ReplayPod]

    public init(hosts: [ReplayHost], pods: [ReplayPod]) {
        self.hosts = hosts
        self.pods = pods
    }

    /// Reads the two tables; columns are found by their names in the header, others are ignored.
    ///
    /// - Parameters:
    ///   - nodes: `sn,cpu_milli,memory_mib,gpu,model`
    ///   - pods: `name,cpu_milli,memory_mib,num_gpu,gpu_milli,creation_time,deletion_time`, and `gpu_spec` where there is one
    public init(nodes: [UInt8], pods: [UInt8]) throws(ReplayError) {
        hosts = try ReplayTrace.hosts(try CSVTable("nodes", nodes, columns: ["sn", "cpu_milli", "memory_mib", "gpu", "model"]))
        self.pods = try ReplayTrace.pods(
            try CSVTable(
                "pods", pods,
                columns: ["name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "creation_time", "deletion_time"]))
    }

    private static func hosts(_ table: CSVTable) throws(ReplayError) -> [ReplayHost] {
        var hosts: [ReplayHost] = []
        var names: Set<String> = []
        for row in table.rows {
            let host = ReplayHost(
                name: try table.text(row, "sn"), cpuMilli: try table.number(row, "cpu_milli"),
                memoryMebibytes: try table.number(row, "memory_mib"), gpus: try table.number(row, "gpu", orElse: 0),
                model: table.optionalText(row, "model"))
            if host.gpus > 64 { throw table.error(row, "gpu", "\(host.gpus) devices; 64 are the most") }
            if !names.insert(host.name).inserted { throw table.error(row, "sn", "'\(host.name)' occurs twice") }
            hosts.append(host)
        }
        return hosts
    }

    private static func pods(_ table: CSVTable) throws(ReplayError) -> [ReplayPod] {
        var pods: [ReplayPod] = []
        var names: Set<String> = []
        for row in table.rows {
            let deletion = table.optionalText(row, "deletion_time")
            let pod = ReplayPod(
                name: try table.text(row, "name"), cpuMilli: try table.number(row, "cpu_milli"),
                memoryMebibytes: try table.number(row, "memory_mib"), gpus: try table.number(row, "num_gpu", orElse: 0),
                gpuMilli: try table.number(row, "gpu_milli", orElse: 0),
                gpuModels: table.optionalText(row, "gpu_spec").split(separator: "|").map(String.init),
                creation: try table.number(row, "creation_time"),
                deletion: deletion.isEmpty ? nil : try table.number(row, "deletion_time"))
            if let end = pod.deletion, end < pod.creation {
                throw table.error(row, "deletion_time", "\(end) is before the creation at \(pod.creation)")
            }
            if pod.gpuMilli > 1_000 { throw table.error(row, "gpu_milli", "\(pod.gpuMilli) is more than one device") }
            if pod.gpus > 1, pod.gpuMilli < 1_000 {
                throw table.error(row, "gpu_milli", "a pod with \(pod.gpus) devices has whole ones, not \(pod.gpuMilli)")
            }
            if !names.insert(pod.name).inserted { throw table.error(row, "name", "'\(pod.name)' occurs twice") }
            pods.append(pod)
        }
        return pods
    }
}

/// A table of comma-separated values without quoting, as the traces are.
private struct CSVTable {
    struct Row {
        var line: Int
        var fields: [Substring]
    }

    let name: String
    private(set) var rows: [Row] = []
    private var places: [Substring: Int] = [:]

    init(_ name: String, _ bytes: [UInt8], columns: [String]) throws(ReplayError) {
        self.name = name
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ReplayError(table: name, line: 1, problem: "the table is not UTF-8 text")
        }
        var line = 0
        var width = 0
        for content in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            line += 1
            if content.isEmpty { continue }
            let fields = content.split(separator: ",", omittingEmptySubsequences: false)
            if width == 0 {
                width = fields.count
                for (place, field) in fields.enumerated() { places[field] = place }
                for column in columns where places[Substring(column)] == nil {
                    throw ReplayError(table: name, line: line, column: column, problem: "the header has no such column")
                }
            } else if fields.count != width {
                throw ReplayError(table: name, line: line, problem: "\(fields.count) fields instead of \(width)")
            } else {
                rows.append(Row(line: line, fields: fields))
            }
        }
        if width == 0 { throw ReplayError(table: name, line: 1, problem: "the table is empty") }
    }

    func error(_ row: Row, _ column: String, _ problem: String) -> ReplayError {
        ReplayError(table: name, line: row.line, column: column, problem: problem)
    }

    func optionalText(_ row: Row, _ column: String) -> String {
        places[Substring(column)].map { String(row.fields[$0]) } ?? ""
    }

    func text(_ row: Row, _ column: String) throws(ReplayError) -> String {
        let text = optionalText(row, column)
        if text.isEmpty { throw error(row, column, "is empty") }
        return text
    }

    /// A whole number of 0 to 2⁴⁰; `orElse` where the field is empty.
    func number(_ row: Row, _ column: String, orElse: Int64? = nil) throws(ReplayError) -> Int64 {
        let text = optionalText(row, column)
        if text.isEmpty, let orElse { return orElse }
        guard let number = Int64(text), number >= 0, number <= 1 << 40 else {
            throw error(row, column, "'\(text)' is no whole number of 0 to 2^40")
        }
        return number
    }
}
