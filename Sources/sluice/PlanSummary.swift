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
            for action in actions.prefix(5) { lines.append("  \(action.text)") }
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
}
