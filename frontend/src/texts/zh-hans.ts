/** The texts of the cards in Simplified Chinese. */

const LATIN = /^[\x20-\x7e]/;

/** Separate Chinese from Latin text by a space, as in “至 12:00”, but not from Chinese, as in “至明天 12:00”. */
const spaced = (chinese: string, text: string) => (LATIN.test(text) ? `${chinese} ${text}` : `${chinese}${text}`);

import type { Texts } from "./en";

export const zhHans: Texts = {
  language: "zh-Hans",

  words: { free: "空闲", busy: "占用中", disabled: "停用", unknown: "无数据" },
  endingSoon: "即将结束",
  startingSoon: "即将有预订",
  until: { free: (time) => `${time} 前可用`, busy: (time) => spaced("至", time) },
  restOfDay: "今天不再有预订",
  noEnd: "结束时间待定",
  noBookings: "近期没有预订",
  timeLeft: (time) => spaced("还有", time),
  duration: (hours, minutes) => {
    if (!hours) return minutes ? `${minutes} 分钟` : "不到 1 分钟";
    return minutes ? `${hours} 小时 ${minutes} 分钟` : `${hours} 小时`;
  },
  next: "下次预订",
  nextNone: "无",
  nextFree: "下次空闲",
  seats: (count) => `${count} 人`,
  pending: (count) => `${count} 个预订待审批`,
  doubts: {
    unavailable: "暂时状态不明。",
    missing: (entity) => `Home Assistant 中没有 ${entity}。`,
    offline: (time) => `自 ${time} 起与 Home Assistant 断开连接。`,
    overdue: (time) => `${time} 之后没有收到更新。`,
  },
  lost: (time) => `自 ${time} 起连接中断`,
  bookings: (spans) => `今天的预订：${spans}`,
  bookingsNone: "今天没有预订",
  sentence: (...parts) => parts.join("，"),
  is: (name, state) => `${name}：${state}`,
  details: (name) => `查看${name}`,

  board: {
    title: "会议室",
    summary: (free, all) => `空闲 ${free} 间，共 ${all} 间`,
    changed: (count) => `${count} 间会议室的状态有变化`,
    floor: "楼层",
    allFloors: "所有楼层",
    seats: "人数",
    anySeats: "人数不限",
    minSeats: (count) => `${count} 人及以上`,
    freeFor: (minutes) => `空闲 ${minutes} 分钟以上`,
    none: "还没有会议室。",
    noMatch: "没有符合条件的会议室。",
    elsewhere: "其他",
  },

  cards: {
    room: "会议室",
    roomAbout: "一间飞书会议室：是否空闲、占用到几点、下次预订。从小卡片到门牌屏都适用",
    board: "会议室看板",
    boardAbout: "按楼层显示所有飞书会议室和当天的预订",
    strategyAbout: "所有飞书会议室的看板，每栋楼一个页面，每间会议室一个门牌屏",
  },

  labels: {
    entity: "会议室",
    entities: "会议室",
    name: "名称",
    title: "标题",
    place: "楼层",
    min_seats: "最少人数",
    free_for: "至少空闲（分钟）",
    free_first: "空闲的排在前面",
    soon: "提前几分钟算“即将”",
    day_start: "一天从几点开始",
    day_end: "一天到几点结束",
    hide_clock: "隐藏时钟",
    hide_filters: "隐藏筛选",
    hide_floors: "不按楼层分组",
    monochrome: "黑白显示（电子纸）",
    tap_action: "点按时",
  },
  helpers: {
    name: "留空则使用会议室自己的名称。",
    entities: "留空则显示所有会议室。",
    place: "与看板上的写法一致，例如“A 座 / 1F”。留空则显示所有楼层。",
    soon: "留空则为 10 分钟。",
    day_start: "留空则为 8 点。",
    day_end: "留空则为 19 点。",
    monochrome: "不用颜色，也没有每分钟变化的内容。",
    tap_action: "门牌屏最好不设点按操作。",
  },
  faults: {
    noEntity: "请选择会议室：缺少“entity”。",
    wrongEntity: (value) => `“${value}”不是会议室：请使用会议室的二元传感器。`,
    wrongOption: (name, wanted) => `“${name}”应为${wanted}。`,
    wanted: {
      text: "文本",
      boolean: "true 或 false",
      minutes: "分钟数",
      seats: "人数",
      hour: "0 到 24 之间的整点",
      entities: "二元传感器列表",
      action: "操作",
    },
    dayOrder: "一天的结束必须晚于开始。",
  },
};
