/// Integrates what is in use over time.
struct ReplayMeter {
    /// What is counted at a moment.
    struct Counts {
        var hosts: Int64 = 0
        var running: Int64 = 0
        var waiting: Int64 = 0
    }

    private(set) var now: Int64
    private let start: Int64
    private let width: Int64
    private(set) var sums = Counts()
    private(set) var buckets: [Counts]
    private(set) var peaks: [Int64]
    private(set) var peakHosts: Int64 = 0

    /// - Parameter points: the most points of a series.
    init(start: Int64, end: Int64, points: Int) {
        now = start
        self.start = start
        let length = max(1, end - start)
        width = max(1, (length + Int64(points) - 1) / Int64(points))
        let count = Int((length + width - 1) / width)
        buckets = [Counts](repeating: Counts(), count: count)
        peaks = [Int64](repeating: 0, count: count)
    }

    /// Counts held from the last time up to this one.
    mutating func advance(to time: Int64, _ counts: Counts) {
        while now < time {
            let bucket = Int((now - start) / width)
            guard bucket < buckets.count else { break }
            let end = min(time, start + (Int64(bucket) + 1) * width)
            let seconds = end - now
            buckets[bucket].hosts += counts.hosts * seconds
            buckets[bucket].running += counts.running * seconds
            buckets[bucket].waiting += counts.waiting * seconds
            peaks[bucket] = max(peaks[bucket], counts.hosts)
            sums.hosts += counts.hosts * seconds
            sums.running += counts.running * seconds
            sums.waiting += counts.waiting * seconds
            now = end
        }
        peakHosts = max(peakHosts, counts.hosts)
    }

    /// The means of each bucket, with the second at which it begins.
    func series(end: Int64) -> [ReplayReport.Point] {
        buckets.indices.map { index in
            let begin = start + Int64(index) * width
            let seconds = Double(max(1, min(end, begin + width) - begin))
            return ReplayReport.Point(
                second: begin, hosts: Double(buckets[index].hosts) / seconds, peakHosts: Int(peaks[index]),
                running: Double(buckets[index].running) / seconds, waiting: Double(buckets[index].waiting) / seconds)
        }
    }
}
