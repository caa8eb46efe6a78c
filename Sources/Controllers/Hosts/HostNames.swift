internal import Objects

/// Labels and annotations that inspection writes on hosts, beside those of `Names`.
enum HostNames {
    static let gpuModelLabel = "sluice.dev/gpu-model"
    static let gpuCountLabel = "sluice.dev/gpu-count"
    /// JSON: a list of `resource`, `model`, `count`, `memoryBytes`. Metal3's `status.hardware` has no place for them.
    static let acceleratorsAnnotation = "sluice.dev/accelerators"
    /// JSON: a list of `cores`, `memoryBytes`.
    static let numaNodesAnnotation = "sluice.dev/numa-nodes"
    /// In the Secret that `spec.userData` of a host names, as Metal3 has it.
    static let userDataKey = "userData"

    /// On Secrets that claims write, so that those nobody names are found.
    static let userDataLabel = "sluice.dev/user-data"

    static let secret = ResourceName(group: "", version: "v1", kind: "Secret", plural: "secrets", isNamespaced: true)

    /// The text made fit for a label value: at most 63 letters, digits, `-`, `_` and `.`, the first and last alphanumeric.
    static func labelValue(_ text: String) -> String {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
        }
        let mapped = text.utf8.map { isAlphanumeric($0) || $0 == 0x2d || $0 == 0x2e || $0 == 0x5f ? $0 : 0x2d }
        var cut = mapped.drop { !isAlphanumeric($0) }.prefix(63)
        while let last = cut.last, !isAlphanumeric(last) { cut.removeLast() }
        return String(decoding: cut, as: UTF8.self)
    }
}
