// Short names for what the server answers.
import type { components } from './schema'

type Schemas = components['schemas']
export type Me = Schemas['Me']
export type AlarmQueue = Schemas['Queue']
export type AlarmRow = Schemas['AlarmRow']
export type AlarmCase = Schemas['AlarmCase']
export type Candidate = Schemas['Candidate']
export type Contact = Schemas['Contact']
export type Elder = Schemas['Elder']
export type ElderRow = Schemas['ElderRow']
export type Device = Schemas['DeviceRow']
export type Item = Schemas['Item']
export type Quote = Schemas['Quote']
export type Order = Schemas['OrderOut']
export type VisitRow = Schemas['HeldRow']
export type VisitBrief = Schemas['VisitBrief']
export type Visit = Schemas['Visit']
