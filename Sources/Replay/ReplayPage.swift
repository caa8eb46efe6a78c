extension ReplayReport {
    /// The report as one HTML page that needs nothing else: figures and charts as inline SVG, light or dark as the reader's
    /// system is.
    public var html: [UInt8] {
        let hostsChart = LineChart(
            title: "Hosts in use", unit: "hosts",
            lines: [
                .init(name: "mean", color: "first", values: series.map(\.hosts)),
                .init(name: "peak", color: "second", values: series.map { Double($0.peakHosts) }),
            ], seconds: series.map(\.second))
        let podsChart = LineChart(
            title: "Pods", unit: "pods",
            lines: [
                .init(name: "running", color: "first", values: series.map(\.running)),
                .init(name: "waiting", color: "third", values: series.map(\.waiting)),
            ], seconds: series.map(\.second))
        let rows = figures.map { "<tr><th>\(escaped($0.name))</th><td>\(escaped($0.value))</td></tr>" }.joined(separator: "\n")
        let page = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Sluice replay</title>
            <style>\(ReplayReport.style)</style>
            </head>
            <body>
            <h1>Sluice replay</h1>
            <p>\(hosts) hosts, \(pods) pods, \(ReplayText.fixed(Double(seconds) / 86_400, 1)) days. A host boots in \
            \(options.bootLatency) s and goes back after \(options.scaleDownUnneededTime) s idle.</p>
            \(hostsChart.svg)
            \(podsChart.svg)
            <table>
            \(rows)
            </table>
            </body>
            </html>

            """
        return Array(page.utf8)
    }

    private func escaped(_ text: String) -> String { LineChart.escaped(text) }

    private static let style = """
        :root { color-scheme: light dark; --ink: #1b1f24; --faint: #8a929c; --grid: #e3e6ea; --paper: #ffffff;
          --first: #1f6feb; --second: #9aa4b2; --third: #d1570a; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --faint: #8a929c; --grid: #2b313a; --paper: #14171c;
          --first: #6ea8ff; --second: #5b6675; --third: #ff9d5c; } }
        body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem; margin: 2rem auto;
          padding: 0 1rem; }
        h1 { font-size: 1.5rem; } svg { width: 100%; height: auto; margin: 1rem 0; }
        svg text { fill: var(--ink); font-size: 12px; } svg .axis { fill: var(--faint); } svg .title { font-size: 15px; font-weight: 600; }
        svg .grid { stroke: var(--grid); } svg .line { fill: none; stroke-width: 1.5; }
        .first { stroke: var(--first); } .second { stroke: var(--second); } .third { stroke: var(--third); }
        table { border-collapse: collapse; } th { text-align: left; font-weight: 400; padding: .2rem 1.5rem .2rem 0; }
        td { text-align: right; font-variant-numeric: tabular-nums; } tr { border-bottom: 1px solid var(--grid); }
        """
}

/// A line chart as SVG with axes, ticks at round numbers and a legend.
struct LineChart {
    struct Line {
        var name: String
        /// Class of the stroke.
        var color: String
        var values: [Double]
    }

    var title: String
    var unit: String
    var lines: [Line]
    /// The time of each value.
    var seconds: [Int64]

    private let width = 900.0
    private let height = 300.0
    private let left = 60.0
    private let right = 15.0
    private let top = 45.0
    private let bottom = 45.0

    init(title: String, unit: String, lines: [Line], seconds: [Int64]) {
        self.title = title
        self.unit = unit
        self.lines = lines
        self.seconds = seconds
    }

    var svg: String {
        let highest = max(1, lines.flatMap(\.values).max() ?? 0)
        let step = LineChart.roundStep(highest / 5)
        let limit = (highest / step).rounded(.up) * step
        let first = Double(seconds.first ?? 0)
        let span = max(1, Double(seconds.last ?? 0) - first)
        func x(_ second: Double) -> Double { left + (second - first) / span * (width - left - right) }
        func y(_ value: Double) -> Double { height - bottom - value / limit * (height - top - bottom) }
        func text(_ value: Double) -> String { ReplayText.fixed(value, 1) }
        var parts = [
            "<svg viewBox=\"0 0 \(text(width)) \(text(height))\" role=\"img\" aria-label=\"\(LineChart.escaped(title)) over time\">"
        ]
        parts.append("<text class=\"title\" x=\"\(text(left))\" y=\"20\">\(LineChart.escaped(title))</text>")
        var value = 0.0
        while value <= limit + step / 2 {
            let place = text(y(value))
            parts.append("<line class=\"grid\" x1=\"\(text(left))\" x2=\"\(text(width - right))\" y1=\"\(place)\" y2=\"\(place)\"/>")
            parts.append(
                "<text class=\"axis\" x=\"\(text(left - 8))\" y=\"\(text(y(value) + 4))\" text-anchor=\"end\">"
                    + "\(ReplayText.fixed(value, step < 1 ? 1 : 0))</text>")
            value += step
        }
        let dayStep = LineChart.roundStep(span / 86_400 / 8)
        var day = (first / 86_400 / dayStep).rounded(.up) * dayStep
        while day * 86_400 <= first + span {
            parts.append(
                "<text class=\"axis\" x=\"\(text(x(day * 86_400)))\" y=\"\(text(height - bottom + 18))\" text-anchor=\"middle\">"
                    + "\(ReplayText.fixed(day, dayStep < 0.1 ? 2 : dayStep < 1 ? 1 : 0))</text>")
            day += dayStep
        }
        parts.append(
            "<text class=\"axis\" x=\"\(text((left + width - right) / 2))\" y=\"\(text(height - 8))\" text-anchor=\"middle\">days</text>")
        parts.append("<text class=\"axis\" x=\"\(text(left))\" y=\"38\" text-anchor=\"end\">\(LineChart.escaped(unit))</text>")
        for (index, line) in lines.enumerated() {
            let points = zip(seconds, line.values).map { "\(text(x(Double($0)))),\(text(y($1)))" }.joined(separator: " ")
            parts.append("<polyline class=\"line \(line.color)\" points=\"\(points)\"/>")
            let place = width - right - 90 * Double(lines.count - index)
            parts.append("<line class=\"line \(line.color)\" x1=\"\(text(place))\" x2=\"\(text(place + 20))\" y1=\"16\" y2=\"16\"/>")
            parts.append("<text x=\"\(text(place + 25))\" y=\"20\">\(LineChart.escaped(line.name))</text>")
        }
        parts.append("</svg>")
        return parts.joined(separator: "\n")
    }

    /// 1, 2 or 5 times a power of ten, at least as large as the value.
    static func roundStep(_ value: Double) -> Double {
        var scale = 1.0
        while scale < value { scale *= 10 }
        while scale / 10 >= value, scale > 0.01 { scale /= 10 }
        return [scale / 5, scale / 2].first { $0 >= value } ?? scale
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}
