internal import KindData

enum KindFiles {
    struct Source: Sendable { var name: String; var text: String }
    static var embedded: [Source] { [] }
    static func parse(_ sources: [Source]) throws(KindError) -> [Kind] { [] }
}
