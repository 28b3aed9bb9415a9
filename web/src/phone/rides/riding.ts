// Her pages of the rides with their words: what only riders' phones fetch.
import en from '../../locales/en/rides.json'
import zh from '../../locales/zh-CN/rides.json'

export { default as RidesLink } from './RidesLink.vue'
export { default as RidesPage } from './RidesPage.vue'
export const words = { 'zh-CN': { rides: zh }, en: { rides: en } }
