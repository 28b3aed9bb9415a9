// What a screen puts on the map: people and places as points, ways as lines, all in WGS-84.
export type Tone = 'sos' | 'late' | 'done' | 'info' | 'brand' | 'ink' | 'meal' | 'clean' | 'bath' | 'med' | 'urgent' | 'walk'

export interface MapPoint {
  id: string
  lat: number
  lon: number
  label: string
  tone: Tone
  /** One or two characters inside the dot, such as the number of a stop. */
  mark?: string
  /** Draws how sure the position is. */
  accuracy_m?: number | null
  /** The one everybody looks for. */
  main?: boolean
  /** Lies below the others and tells its name only to who points at it. */
  quiet?: boolean
  /** Too far to be framed: the map is about those who are near. */
  far?: boolean
}

export interface MapLine {
  id: string
  /** `[lon, lat]` pairs */
  path: [number, number][]
  tone: Tone
  dashed?: boolean
}
