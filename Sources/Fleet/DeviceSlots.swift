/// Device slots: which graphics device of a node a pod lies on.
///
/// Modelled: every device has 1000 thousandths; a slice lies on one device, on the one with the least room that still
/// fits; whole devices are those on which nothing lies, lowest numbers first. Which device a kubelet really gave is
/// not in the API, so the assignment is the ledger's own.
extension NodeTable {
    /// The most devices a node may have: an assignment is a 64-bit mask.
    static let deviceLimit = 64

    /// Whether the devices of a node take a pod of this class; a node without device slots takes no slice and counts
    /// whole devices as any other resource.
    public func devicesFit(_ podClass: PodClass, slot: Int) -> Bool {
        let count = Int(deviceCount[slot])
        guard count > 0 else { return podClass.deviceSlice == 0 }
        let base = slot * deviceStride
        if podClass.deviceSlice > 0 {
            for device in base..<(base + count) where deviceFree[device] >= podClass.deviceSlice { return true }
            return false
        }
        var whole = 0
        for device in base..<(base + count) where deviceFree[device] == 1_000 { whole += 1 }
        return whole >= podClass.wholeDevices
    }

    /// Takes the devices for a pod of this class and returns them as a mask; 0 where nothing fits or nothing is asked.
    mutating func takeDevices(_ podClass: PodClass, slot: Int) -> UInt64 {
        guard deviceCount[slot] > 0, podClass.usesDevices, devicesFit(podClass, slot: slot) else { return 0 }
        let base = slot * deviceStride
        let count = Int(deviceCount[slot])
        var mask: UInt64 = 0
        if podClass.deviceSlice > 0 {
            var best = -1
            for device in 0..<count where deviceFree[base + device] >= podClass.deviceSlice {
                if best < 0 || deviceFree[base + device] < deviceFree[base + best] { best = device }
            }
            if best >= 0 { mask = 1 << UInt64(best) }
        } else {
            var wanted = podClass.wholeDevices
            for device in 0..<count where wanted > 0 && deviceFree[base + device] == 1_000 {
                mask |= 1 << UInt64(device)
                wanted -= 1
            }
        }
        changeDevices(mask, podClass, slot: slot, sign: -1)
        return mask
    }

    /// Takes (-1) or gives back (+1) the devices of a mask.
    mutating func changeDevices(_ mask: UInt64, _ podClass: PodClass, slot: Int, sign: Int32) {
        guard mask != 0 else { return }
        let amount = podClass.deviceSlice > 0 ? podClass.deviceSlice : 1_000
        for device in 0..<Int(deviceCount[slot]) where mask & (1 << UInt64(device)) != 0 {
            deviceFree[slot * deviceStride + device] += sign * amount
        }
    }
}
