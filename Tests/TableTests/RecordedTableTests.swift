import APIServer
import Foundation
import Objects
import Testing

/// Recordings of the reference server, where they lie beside the package.
private enum Recordings {
    /// `../shared` seen from the package's root.
    static let shared: URL = {
        let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        let root = file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return root.deletingLastPathComponent().appendingPathComponent("shared")
    }()

    /// Recorded cases in the order of their names; empty, with a note, when there are none.
    static func cases() throws -> [(name: String, exchanges: [JSON])] {
        let folder = shared.appendingPathComponent("parity/dev")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let wanted = names.filter { name in ["table__", "crd__columns", "workload__"].contains { name.hasPrefix($0) } }.sorted()
        if wanted.isEmpty { print("note: no recordings in \(folder.path); tables were not compared with them") }
        return try wanted.map { name in
            (name, try load(folder.appendingPathComponent(name))["exchanges"]?.array ?? [])
        }
    }

    static func load(_ url: URL) throws -> JSON { try JSON(parsing: Array(Data(contentsOf: url))) }
}

/// What a case has shown so far: objects by their uid.
private struct Seen {
    var objects: [String: JSON] = [:]
    var columns: [String: [TablePrinter.CellSource]] = [:]

    mutating func note(_ response: JSON) {
        guard let kind = response["kind"]?.string else { return }
        guard let items = response["items"]?.array else { return note(object: response) }
        for item in items {
            var item = item
            item["kind"] = item["kind"] ?? .string(String(kind.dropLast("List".count)))
            item["apiVersion"] = item["apiVersion"] ?? response["apiVersion"]
            note(object: item)
        }
    }

    private mutating func note(object: JSON) {
        guard let uid = object["metadata", "uid"]?.string, object["kind"] != "PartialObjectMetadata" else { return }
        objects[uid] = object
        guard object["kind"] == "CustomResourceDefinition", let spec = object["spec"] else { return }
        let sources = (spec["versions"]?.array?.first?["additionalPrinterColumns"]?.array ?? []).map { column in
            let path = (column["jsonPath"]?.string ?? "").split(separator: ".").map(String.init)
            return TablePrinter.CellSource(type: column["type"]?.string ?? "") { $0.value(at: path[...]) }
        }
        let name = "\(spec["group"]?.string ?? "")/\(spec["names", "kind"]?.string ?? "")"
        columns[name] = [TablePrinter.CellSource(type: "string", evaluate: nil)] + sources
    }

    /// The cells of an object by its own kind; `nil` for kinds that Sluice does not print.
    func cells(_ object: JSON, now: Timestamp) -> [JSON]? {
        let kind = object["kind"]?.string ?? ""
        let apiVersion = object["apiVersion"]?.string ?? ""
        let group = apiVersion.contains("/") ? String(apiVersion.prefix { $0 != "/" }) : ""
        if let columns = columns["\(group)/\(kind)"] { return TablePrinter.cells(columns: columns, object: object, now: now) }
        return TablePrinter.cells(kind: kind, group: group, object: object, now: now)
    }
}

@Suite("Tables against the recordings")
struct RecordedTableTests {
    /// Ages in seconds depend on the moment of recording; all others are compared as they are.
    private func comparable(_ cells: [JSON]) -> [JSON] {
        cells.map { cell in
            guard let text = cell.string, text.hasSuffix("s"), !text.dropLast().isEmpty, text.dropLast().allSatisfy(\.isNumber) else {
                return cell
            }
            return "<seconds>"
        }
    }

    @Test("The cells of recorded objects are the recorded cells")
    func cells() throws {
        let cases = try Recordings.cases()
        var compared: [String: Int] = [:]
        for (name, exchanges) in cases {
            var seen = Seen()
            for exchange in exchanges {
                guard let response = exchange["response"] else { continue }
                guard response["kind"] == "Table" else {
                    seen.note(response)
                    continue
                }
                for row in response["rows"]?.array ?? [] {
                    let metadata = row["object", "metadata"]
                    guard let object = seen.objects[metadata?["uid"]?.string ?? ""] else { continue }
                    // Recorded on one day, so that any creation time will do as the present.
                    let now = try #require(Timestamp(metadata?["creationTimestamp"]))
                    guard let cells = seen.cells(object, now: now) else { continue }
                    let recorded = try #require(row["cells"]?.array)
                    #expect(comparable(cells) == comparable(recorded), "\(name) \(exchange["path"]?.string ?? "")")
                    #expect(cells.count == response["columnDefinitions"]?.array?.count, "\(name)")
                    let kind = object["kind"]?.string ?? ""
                    let group = object["apiVersion"]?.string?.contains("/") == true ? "other" : ""
                    #expect(TablePrinter.rowConditions(kind: kind, group: group, object: object) == row["conditions"])
                    compared[kind, default: 0] += 1
                }
            }
        }
        guard !cases.isEmpty else { return }
        let kinds = ["Event", "Namespace", "Node", "Pod", "PodDisruptionBudget", "Secret", "Service", "ServiceAccount", "Widget"]
        #expect(compared.keys.sorted() == kinds)
        #expect(compared.values.reduce(0, +) >= 25, "\(compared)")
    }

    @Test("Each printed kind has as many cells as the reference server has columns")
    func columnCounts() throws {
        let file = Recordings.shared.appendingPathComponent("schemas/resources.json")
        guard FileManager.default.fileExists(atPath: file.path) else {
            print("note: no \(file.path); columns were not compared")
            return
        }
        var printed: [String] = []
        for resource in try Recordings.load(file)["resources"]?.array ?? [] {
            let kind = resource["kind"]?.string ?? ""
            let group = resource["group"]?.string ?? ""
            guard let columns = resource["columns"]?.array, resource["version"] != "v1beta1",
                let cells = TablePrinter.cells(kind: kind, group: group, object: [:], now: testNow)
            else { continue }
            #expect(cells.count == columns.count, "\(group)/\(kind)")
            // A cell stands under a column of its type, so that a shifted order shows.
            for (cell, column) in zip(cells, columns) where column["type"] == "integer" || column["type"] == "boolean" {
                #expect(cell.typeName == column["type"]?.string, "\(group)/\(kind) \(column["name"]?.string ?? "")")
            }
            printed.append(kind)
        }
        #expect(
            printed.sorted() == [
                "ConfigMap", "CustomResourceDefinition", "Deployment", "Endpoints", "Event", "Event", "Lease", "Namespace", "Node", "Pod",
                "PodDisruptionBudget", "PriorityClass", "ReplicaSet", "Secret", "Service", "ServiceAccount",
            ])
    }

    @Test("A table built from recorded rows is the recorded table")
    func tables() throws {
        for (name, exchanges) in try Recordings.cases() {
            for exchange in exchanges {
                guard let table = exchange["response"], table["kind"] == "Table", let rows = table["rows"]?.array, !rows.isEmpty else {
                    continue
                }
                let columns = (table["columnDefinitions"]?.array ?? []).map { column in
                    TableBuilder.Column(
                        name: column["name"]?.string ?? "", type: column["type"]?.string ?? "", format: column["format"]?.string ?? "",
                        priority: Int(column["priority"]?.integer ?? 0))
                }
                let include: TableBuilder.IncludeObject =
                    rows[0]["object"]?.isNull == true ? .none : rows[0]["object", "kind"] == "PartialObjectMetadata" ? .metadata : .object
                let builder = TableBuilder(columns: columns, includeObject: include)
                let own = rows.map { row in
                    TableBuilder.Row(cells: row["cells"]?.array ?? [], conditions: row["conditions"], object: row["object"] ?? .null)
                }
                var built = builder.json(metadata: TableBuilder.metadata(from: table["metadata"]), rows: own)
                // Descriptions are not in the recordings.
                let bare = (built["columnDefinitions"]?.array ?? []).map { column in
                    var column = column
                    column["description"] = nil
                    return column
                }
                built["columnDefinitions"] = .array(bare)
                #expect(built == table, "\(name) \(exchange["path"]?.string ?? "")")
            }
        }
    }
}
