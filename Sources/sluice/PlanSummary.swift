import Objects

/// The autoscaler's last word, from its status ConfigMap, in a few lines.
enum PlanSummary {
    static func text(_ status: JSON) -> String {
        var lines: [String] = []
        if let recent = status["recent"]?.array?.last {
            let time = recent["time"]?.string ?? ""
            let planner = recent["planner"]?.string ?? "plan"
            let actions = recent["plan", "actions"]?.array ?? recent["actions"]?.array ?? []
            lines.append("last plan (\(planner), \(time)): \(actions.count) action\(actions.count == 1 ? "" : "s")")
            for action in actions.prefix(5) { lines.append("  \(words(action))") }
            if actions.count > 5 { lines.append("  and \(actions.count - 5) more") }
        }
        for section in ["pending", "scaleUp", "claims"] {
            for refusal in (status[section]?.array ?? []).prefix(5) {
                let remedy = refusal["remedy"]?.string ?? ""
                lines.append("refused: \(refusal["message"]?.string ?? "")\(remedy.isEmpty ? "" : "; \(remedy)")")
            }
        }
        return lines.isEmpty ? "nothing planned yet" : lines.joined(separator: "\n")
    }

    /// An action as people say it: `bind default/web-1 to r64-001`.
    private static func words(_ action: JSON) -> String {
        let (kind, node) = (action["action"]?.string ?? "", action["node"]?.string ?? "")
        switch kind {
        case "bind": return "bind \(action["pod"]?.string ?? "") to \(node)"
        case "claim", "release":
            let holder = action["for"]
            let name = [holder?["namespace"]?.string, holder?["name"]?.string].compactMap { $0 }.joined(separator: "/")
            return "\(kind) \(action["host"]?.string ?? "") for \(holder?["kind"]?.string ?? "") \(name)"
        case "removeEmpty": return "remove \(node), which is empty"
        case "drainAndRemove": return "drain and remove \(node)"
        default: return action.text
        }
    }
}
